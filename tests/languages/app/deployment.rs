//! An app at work: in this process, as `funcserver serve` runs it, or the bootstrap of its zip, as Lambda does.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use funcserver_events::alb::HeaderMode;
use funcserver_function::config::{Config, Variables};
use funcserver_function::log::{Format, Level, Log};
use funcserver_function::{Context, Host, Outcome, Sandbox};
use funcserver_local::environment::{Fleet, Line, Program};
use funcserver_local::{Function, InvocationError};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::records::Records;

/// The longest time for an answer, on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// The function's memory, in MB.
const MEMORY: u32 = 1024;
/// The key that signs sessions. The build has none.
pub(crate) const SECRET_KEY: &str = "the key of this deployment";
/// What the app says instead of "Hello" where it is asked for the variable.
pub(crate) const GREETING: &str = "God dag";

/// Where the app runs.
#[derive(Clone)]
pub(crate) enum Place {
    /// In this process: the compiled component.
    Process(PathBuf),
    /// In a process of the bootstrap: the folder with the unpacked zip.
    Zip(PathBuf),
}

impl Place {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Place::Process(_) => "process",
            Place::Zip(_) => "zip",
        }
    }
}

/// How many requests an instance answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instances {
    Fresh,
    Reused,
}

impl Instances {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Instances::Fresh => "fresh",
            Instances::Reused => "reused",
        }
    }

    fn reuse(self) -> &'static str {
        match self {
            Instances::Fresh => "1",
            Instances::Reused => "1000",
        }
    }
}

/// An app that answers events, one at a time.
pub(crate) struct Deployment {
    pub(crate) instances: Instances,
    pub(crate) records: Records,
    running: Running,
    runtime: Runtime,
    /// A conversation holds it, so that no other one is with the same instance meanwhile.
    turn: Mutex<()>,
}

enum Running {
    Process { host: Host, _scratch: TempDir },
    Zip(Fleet),
}

impl Deployment {
    /// Loads the app, with `limits.timeout` if it is given.
    pub(crate) fn load(place: &Place, instances: Instances, timeout: Option<&str>) -> Result<Deployment, String> {
        let variables = variables(instances, timeout);
        let records = Records::default();
        let running = match place {
            Place::Process(component) => in_process(component, &variables, records.clone())?,
            Place::Zip(folder) => Running::Zip(fleet(folder, &variables, records.clone())),
        };
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Ok(Deployment { instances, records, running, runtime, turn: Mutex::default() })
    }

    /// Waits until no one else talks to the app.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The load balancer's setting: multi-value headers for fresh instances, single values for reused ones.
    pub(crate) fn mode(&self) -> HeaderMode {
        match self.instances {
            Instances::Fresh => HeaderMode::Multi,
            Instances::Reused => HeaderMode::Single,
        }
    }

    /// The reply to an event.
    pub(crate) fn invoke(&self, id: &str, event: Vec<u8>) -> Result<Bytes, String> {
        self.runtime.block_on(async {
            match &self.running {
                Running::Zip(fleet) => {
                    let reply = async { fleet.invoke_as(id, event.into()).await?.whole().await };
                    reply.await.map_err(|error: InvocationError| error.to_string())
                }
                Running::Process { host, .. } => {
                    let (outcome, after) = host.invoke(event.into(), &host.invocation(context(id))).await;
                    after.finish().await;
                    match outcome {
                        Outcome::Reply(json) => Ok(json),
                        Outcome::Stream(_) => Err("a load balancer gets no stream".to_owned()),
                        Outcome::Error { kind, message } => Err(format!("{kind}: {message}")),
                    }
                }
            }
        })
    }
}

/// The function's variables: those of the app, and settings.
fn variables(instances: Instances, timeout: Option<&str>) -> BTreeMap<&'static str, String> {
    let mut variables = BTreeMap::from([
        ("SECRET_KEY", SECRET_KEY.to_owned()),
        ("GREETING", GREETING.to_owned()),
        ("FUNCSERVER_GUEST_INHERIT_ENV", "SECRET_KEY,GREETING".to_owned()),
        ("FUNCSERVER_GUEST_REUSE", instances.reuse().to_owned()),
    ]);
    variables.extend(timeout.map(|timeout| ("FUNCSERVER_LIMITS_TIMEOUT", timeout.to_owned())));
    variables
}

fn in_process(component: &Path, variables: &BTreeMap<&str, String>, records: Records) -> Result<Running, String> {
    let env: Variables = variables.clone().into_iter().collect();
    let config = Config::read(None, &env).map_err(|error| error.to_string())?;
    let scratch = tempfile::tempdir().unwrap();
    let memory = usize::try_from(MEMORY).unwrap() << 20;
    let sandbox =
        Sandbox { memory, alone: false, concurrency: 1, sharing: 1, runtime_api: None, scratch: scratch.path() };
    let options = sandbox.guest(&config, None, &env).map_err(|error| error.to_string())?;
    let runtime = sandbox.runtime(&config, &env).map_err(|error| error.to_string())?;
    let guest = funcserver_test_guest::load_on(&runtime, component, options)
        .map_err(|error| format!("{}: {error}", component.display()))?;
    let host = Host::new(guest, &config, Log::new(Format::Json, Level::Info, records));
    Ok(Running::Process { host, _scratch: scratch })
}

fn fleet(folder: &Path, variables: &BTreeMap<&str, String>, records: Records) -> Fleet {
    let mut program = Program::new(folder.join("bootstrap"), folder);
    program.variables.insert("AWS_LAMBDA_LOG_FORMAT".to_owned(), OsString::from("JSON"));
    program.variables.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), value.into())));
    let function = Function { memory_mb: MEMORY, timeout: PATIENCE, init_timeout: PATIENCE, ..Function::default() };
    Fleet::new(function, program, 1, Arc::new(move |line: &Line| records.add(&line.text)))
}

fn context(id: &str) -> Context {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + PATIENCE;
    Context {
        request_id: id.to_owned(),
        deadline_ms: u64::try_from(deadline.as_millis()).unwrap(),
        trace_id: None,
        function_arn: Function::default().arn(),
        invocation_id: None,
        tenant_id: None,
    }
}
