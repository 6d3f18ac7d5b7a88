//! A component that is loaded like in the bootstrap, and receives events of a load balancer.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use funcserver_engine::{FileKind, Limits, Target, compile};
use funcserver_events::alb::{self, HeaderMode, ReplyForm};
use funcserver_function::config::Config;
use funcserver_function::log::{Format, Level, Log};
use funcserver_function::{Context, Host, Outcome};
use funcserver_local::Function;
use http::Response;
use tokio::runtime::{Builder, Runtime};

use crate::app::deployment::Deployment;
use crate::language::Language;
use crate::requests::{self, Case};

/// The longest time for an answer, on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Concurrent instances.
const CONCURRENCY: usize = 4;
/// The id of every invocation here.
pub(crate) const REQUEST_ID: &str = "5a5ad9fe-0a5f-4a0e-9f2c-5b6b4f6f0001";

pub(crate) struct Router {
    language: Language,
    host: Host,
    runtime: Runtime,
}

impl Router {
    /// Loads the component at `path`, and checks it against the entry of the language.
    pub(crate) fn load(language: Language, path: &Path) -> Result<Router, String> {
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let folder = tempfile::tempdir().unwrap();
        let compiled = folder.path().join("handler.cwasm");
        let code = match FileKind::of(&bytes) {
            FileKind::Precompiled(_) => bytes,
            _ => compile::compile(&bytes, Target::Host).map_err(|error| error.to_string())?,
        };
        std::fs::write(&compiled, code).unwrap();
        let guest = funcserver_test_guest::load(&compiled, Limits { concurrency: CONCURRENCY, ..Limits::default() })
            .map_err(|error| error.to_string())?;
        let version = guest.world().handler().map_err(|error| error.to_string())?;
        if version != language.version {
            return Err(format!("table.txt says {:?}, and the component is of {version:?}", language.version));
        }
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        // The log goes to stderr, because a failed test needs the reason why a handler failed.
        let log = Log::new(Format::Text, Level::Warn, io::stderr());
        Ok(Router { language, host: Host::new(guest, &Config::default(), log), runtime })
    }

    /// Sends the case once in each of its header modes, and checks the answers.
    pub(crate) fn answer_one(&self, case: &Case) -> Result<(), String> {
        self.runtime.block_on(self.try_case(case))
    }

    /// Sends all of them at once, which is more than there are instances.
    pub(crate) fn answer_many(&self) -> Result<(), String> {
        let cases = requests::all(self.language);
        let answers = futures_util::future::join_all(cases.iter().map(|case| self.try_case(case)));
        self.runtime.block_on(answers).into_iter().collect()
    }

    async fn try_case(&self, case: &Case) -> Result<(), String> {
        for (mode, event) in &case.events {
            let response = self.ask(event.clone(), ReplyForm { mode: *mode, head: case.head }).await?;
            check(case, *mode, &response)?;
        }
        Ok(())
    }

    async fn ask(&self, event: Vec<u8>, form: ReplyForm) -> Result<Response<Bytes>, String> {
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + PATIENCE;
        let context = Context {
            request_id: REQUEST_ID.to_owned(),
            deadline_ms: u64::try_from(deadline.as_millis()).unwrap(),
            trace_id: None,
            function_arn: Function::default().arn(),
            invocation_id: None,
            tenant_id: None,
        };
        let (outcome, after) = self.host.invoke(event.into(), &self.host.invocation(context)).await;
        after.finish().await;
        match outcome {
            Outcome::Reply(json) => alb::read_reply(&json, form).map_err(|error| error.to_string()),
            Outcome::Stream(_) => Err("a load balancer gets no stream".to_owned()),
            Outcome::Error { kind, message } => Err(format!("{kind}: {message}")),
        }
    }
}

/// Sends the case to a deployment, which has one instance at a time.
pub(crate) fn ask_deployment(deployment: &Deployment, case: &Case) -> Result<(), String> {
    let _turn = deployment.turn();
    for (mode, event) in &case.events {
        let reply = deployment.invoke(REQUEST_ID, event.clone())?;
        let form = ReplyForm { mode: *mode, head: case.head };
        check(case, *mode, &alb::read_reply(&reply, form).map_err(|error| error.to_string())?)?;
    }
    Ok(())
}

fn check(case: &Case, mode: HeaderMode, response: &Response<Bytes>) -> Result<(), String> {
    let told = |reason| format!("{}, {mode:?}: {reason}\n{}", case.name, shown(response));
    case.checks.iter().try_for_each(|check| check(response).map_err(told))
}

/// The beginning of an answer, for the report of a failed check.
fn shown(response: &Response<Bytes>) -> String {
    let body = String::from_utf8_lossy(response.body());
    let body: String = body.chars().take(2000).collect();
    format!("{} {:?}\n{body}", response.status(), response.headers())
}
