//! `funcserver invoke`: one event, one reply.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow};
use funcserver_bootstrap::Outcome;
use funcserver_bootstrap::config::Env;
use serde_json::Value;

use crate::args;
use crate::local::LocalFunction;
use crate::output;

/// The exit code for an invocation that was an error.
const INVOCATION_ERROR: u8 = 3;

pub(crate) fn run(args: &args::Invoke, env: &dyn Env) -> Result<ExitCode> {
    let event = read(&args.event)?;
    let (function, _) = LocalFunction::load(args.component.path.as_deref(), args.timeout.duration(), 1, env)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let outcome = runtime.block_on(async {
        let (outcome, after) = function.invoke(event.into()).await;
        after.finish().await;
        outcome
    });
    match outcome {
        Outcome::Reply { json, .. } => {
            print(&json, args.raw)?;
            Ok(ExitCode::SUCCESS)
        }
        Outcome::Error { kind, message } => {
            let error = serde_json::json!({ "errorMessage": message, "errorType": kind });
            print(error.to_string().as_bytes(), args.raw)?;
            output::note(format_args!("error: the invocation is an error, {kind}: {message}"));
            Ok(ExitCode::from(INVOCATION_ERROR))
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut event = Vec::new();
        io::stdin().lock().read_to_end(&mut event).context("cannot read the event from stdin")?;
        return Ok(event);
    }
    fs::read(path).map_err(|error| {
        anyhow!("cannot read the event {}: {error}; name a file with one, or - for stdin", path.display())
    })
}

/// Pretty for people; raw byte for byte, without even a line break.
fn print(json: &[u8], raw: bool) -> Result<()> {
    match serde_json::from_slice::<Value>(json) {
        Ok(value) if !raw => output::json(&value),
        _ => {
            let mut stdout = io::stdout().lock();
            stdout.write_all(json)?;
            Ok(stdout.flush()?)
        }
    }
}
