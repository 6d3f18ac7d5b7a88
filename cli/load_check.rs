//! Imports an app in an instance of its own, to see whether it can be imported and how long that takes.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use funcserver_engine::Target;
use funcserver_function::Outcome;
use funcserver_function::config::{AppLanguage, Env, Import, Missing};
use funcserver_function::log::Log;
use funcserver_local::balancer::{self, BalancerOptions};
use funcserver_local::request_id;
use http::{Request, header};
use serde::Deserialize;

use crate::compiled::Compiled;
use crate::component::ComponentSource;
use crate::local::{LocalFunction, Setup};
use crate::output;
use crate::project::Project;

/// A component that is built of an app imports it when it has this variable, and calls it never.
const VARIABLE: (&str, &str) = ("FUNCSERVER_LOAD", "1");

/// How long an import may take.
const PATIENCE: Duration = Duration::from_secs(60);

const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PORT: u16 = 8080;

/// What the component answers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    seconds: Option<f64>,
    error: Option<String>,
    traceback: Option<String>,
}

/// The reply to an event. JSON is a body of text, which is not encoded.
#[derive(Debug, Deserialize)]
struct Reply {
    body: String,
}

/// Imports the app of a component, and says how long that took. The app's own output is dropped.
///
/// # Errors
/// The app cannot be imported. The traceback goes to stderr before.
pub(crate) fn check(
    compiled: &Compiled,
    origin: &ComponentSource,
    project: &Project,
    setup: Setup,
    env: &dyn Env,
) -> Result<Duration> {
    let captured = Captured::default();
    let log = Log::of(&project.config.log, captured.clone(), None);
    let setup = Setup { timeout: PATIENCE, concurrency: 1, observer: None, variable: Some(VARIABLE), ..setup };
    let function = LocalFunction::of_compiled(compiled, origin, project, setup, log, env)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let event = event()?;
    let outcome = runtime.block_on(async {
        let (outcome, after) = function.invoke(&request_id(), event).await;
        after.finish().await;
        outcome
    });
    let answer = match outcome {
        Outcome::Reply(reply) => answer(&reply),
        Outcome::Stream(_) | Outcome::Error { .. } => None,
    };
    let Some(answer) = answer else {
        let text = captured.text();
        if !text.trim_end().is_empty() {
            output::note(text.trim_end());
        }
        bail!("{origin} crashed while its app was imported");
    };
    if let Some(error) = answer.error {
        if let Some(traceback) = answer.traceback.filter(|traceback| !traceback.is_empty()) {
            output::note(traceback.trim_end());
        }
        return Err(anyhow!("{error}"));
    }
    Ok(Duration::try_from_secs_f64(answer.seconds.unwrap_or_default()).unwrap_or_default())
}

/// Says what the import costs each instance, if that is not part of the component and the component runs on this machine.
pub(crate) fn tell_cost(
    compiled: &Compiled,
    origin: &ComponentSource,
    target: Target,
    project: &Project,
    env: &dyn Env,
) {
    let settings = &project.config.component;
    // A program in Go is not asked to load.
    let imports = settings.app.as_ref().is_some_and(|app| app.language() != AppLanguage::Go);
    if !imports || settings.import == Import::Build || target.triple() != Target::Host.triple() {
        return;
    }
    match check(compiled, origin, project, Setup::new(PATIENCE), env) {
        Ok(time) => output::note(cost(time, project.config.guest.reuse.requests)),
        // It may be there where the function runs.
        Err(error) if error.is::<Missing>() => {
            output::note(format_args!("the import of the app is not measured: {error}"));
        }
        Err(error) => output::warn(format_args!("the app cannot be imported on this machine: {error:#}")),
    }
}

fn cost(time: Duration, requests: usize) -> String {
    let time = time.as_secs_f64();
    match requests {
        1 => format!(
            "component.import = \"start\": each request imports the app, {time:.2} s on this machine; set guest.reuse, for \
             example to 1000, so that an instance answers more than one"
        ),
        _ => format!(
            "component.import = \"start\": each instance imports the app, {time:.2} s on this machine, and answers {requests} \
             requests"
        ),
    }
}

fn event() -> Result<Bytes> {
    let mut request = Request::new(Bytes::new());
    request.headers_mut().insert(header::HOST, header::HeaderValue::from_static("localhost"));
    balancer::event(request, CLIENT, PORT, &BalancerOptions::default())
        .map_err(|refusal| anyhow!("cannot ask the app to load: {refusal}"))
}

fn answer(reply: &[u8]) -> Option<Answer> {
    let Reply { body } = serde_json::from_slice(reply).ok()?;
    let answer: Answer = serde_json::from_str(&body).ok()?;
    (answer.seconds.is_some() || answer.error.is_some()).then_some(answer)
}

/// A log in memory. Clones share it.
#[derive(Debug, Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_how_long_it_took_or_what_is_wrong() {
        let of = |body: &str| {
            let reply = serde_json::json!({ "statusCode": 200, "body": body, "isBase64Encoded": false });
            answer(reply.to_string().as_bytes())
        };
        assert_eq!(of(r#"{"seconds": 0.25}"#).unwrap().seconds, Some(0.25));
        assert_eq!(of(r#"{"error": "no"}"#).unwrap().error.as_deref(), Some("no"));
        for other in ["{}", "", "<html>"] {
            assert!(of(other).is_none(), "{other}");
        }
    }
}
