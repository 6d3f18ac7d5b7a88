//! From the environment to a running host: all steps of a start that can fail.

use std::io;
use std::process::ExitCode;

use funcserver_engine::{Guest, LoadError};
use funcserver_function::config::{Config, Env, LambdaEnv, LambdaEnvError, LogConfig};
use funcserver_function::log::{Log, Value};
use funcserver_function::task_root::{self, DeployedComponent};
use funcserver_function::{Host, log_panics};
use http::Uri;

use crate::extension::Extension;
use crate::runtime::{self, SnapshotError};
use crate::runtime_api::RuntimeApiClient;

/// Lambda's error type for a start that failed before the first event.
const INIT_ERROR: &str = "Runtime.InitError";

/// Lambda's error type for a copy of a snapshot that cannot serve.
const RESTORE_ERROR: &str = "Runtime.AfterRestoreError";

/// The most worker threads: an execution environment may have 1,024 threads. If there are more concurrent events, they
/// share threads.
const MAX_THREADS: usize = 256;

/// The exit code if a user started the executable by hand.
const USAGE: u8 = 2;

/// Runs until the Runtime API fails or a signal arrives. A failed start is reported to the Runtime API.
pub(crate) fn run(env: &dyn Env) -> ExitCode {
    let lambda = match LambdaEnv::read(env) {
        Ok(lambda) => Ok(lambda),
        Err(LambdaEnvError::Incomplete { runtime_api, problems }) => Err((runtime_api, problems.join("; "))),
        Err(error) => {
            eprintln!(
                "bootstrap: {error}; it is the runtime inside a function's zip: `funcserver serve COMPONENT` runs a component here, `funcserver serve --zip FILE` the whole"
            );
            return ExitCode::from(USAGE);
        }
    };
    let runtime = match tokio_runtime(lambda.as_ref().map_or(1, |lambda| lambda.concurrency)) {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("bootstrap: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let work = async {
        match lambda {
            Ok(lambda) => serve(&lambda, env).await,
            Err((runtime_api, problem)) => {
                let log = log_to_stderr(&LogConfig::default());
                report(&runtime_api, &log, &problem).await
            }
        }
    };
    let code = runtime.block_on(work);
    // Dropping the runtime would wait for name lookups that are still running.
    runtime.shutdown_background();
    code
}

/// A runtime with a single thread for one event at a time, which starts sooner and costs less. For concurrent events it
/// has a thread for each and one more, so that a handler that blocks its thread does not stop the others.
fn tokio_runtime(concurrency: usize) -> io::Result<tokio::runtime::Runtime> {
    let mut builder = match concurrency {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.worker_threads(concurrency.min(MAX_THREADS) + 1).enable_all().build()
}

/// What few starts do is boxed, because the whole future is moved once.
async fn serve(lambda: &LambdaEnv, env: &dyn Env) -> ExitCode {
    let api = &lambda.runtime_api;
    let (config, log) = match task_root::config(lambda, env) {
        Ok(config) => {
            let log = log_to_stderr(&config.log);
            (config, log)
        }
        Err(error) => return report(api, &log_to_stderr(&LogConfig::default()), &error.to_string()).await,
    };
    log.forward_tracing();
    log_panics(log.clone());
    let host = match host(lambda, &config, env, &log) {
        Ok(host) => host,
        Err(error) => return report(api, &log, &format!("{error:#}")).await,
    };
    if config.lambda.extension {
        match Box::pin(Extension::register(api)).await {
            Ok(extension) => extension.keep(log.clone()),
            Err(error) => return report(api, &log, &format!("lambda.extension: {error:#}")).await,
        }
    }
    if !lambda.snapshot
        && let Err(error) = host.fetch_secrets().await
    {
        return report(api, &log, &error.to_string()).await;
    }
    // The snapshot includes the pages that the warm-up has mapped, but not its instance.
    host.warm_up().await;
    if lambda.snapshot {
        match Box::pin(runtime::snapshot(&host, api)).await {
            Ok(()) => {}
            Err(SnapshotError::NotTaken(error)) => return report(api, &log, &format!("{error:#}")).await,
            Err(SnapshotError::NotRestored(problem)) => return not_restored(api, &log, &problem).await,
        }
    }
    let mut told = false;
    let told_to_end = async {
        terminated().await;
        told = true;
    };
    let ended = runtime::run(host, lambda, log.clone(), told_to_end).await;
    match ended {
        Ok(()) if told => {
            log.host().info("told to end", &[]);
            ExitCode::SUCCESS
        }
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            let fields = [("error", Value::Shown(&format_args!("{error:#}")))];
            log.host().fatal("the Runtime API failed; the process ends", &fields);
            ExitCode::FAILURE
        }
    }
}

fn host(lambda: &LambdaEnv, config: &Config, env: &dyn Env, log: &Log) -> anyhow::Result<Host> {
    let mut deployed = task_root::component(lambda, config, env, log)?;
    let secrets = deployed.secrets.take();
    let guest = load(deployed)?;
    if let Some(refusal) = guest.refusal() {
        log.host().error("no request can be answered", &[("error", refusal.into())]);
    }
    let host = Host::new(guest, config, log.clone());
    if let Some(secrets) = secrets {
        host.set_secrets(secrets);
    }
    Ok(host)
}

/// Maps the function's component.
#[expect(unsafe_code)]
fn load(component: DeployedComponent) -> Result<Guest, LoadError> {
    // SAFETY: the component is a part of the function, as this executable is: the user who deployed the function
    // compiled the component with `funcserver build`. A function's folder is read-only, so the file does not change.
    unsafe { component.runtime.load(&component.path, component.options) }
}

async fn report(runtime_api: &Uri, log: &Log, problem: &str) -> ExitCode {
    log.host().fatal(problem, &[("errorType", INIT_ERROR.into())]);
    if let Err(error) = Box::pin(RuntimeApiClient::new(runtime_api).init_error(INIT_ERROR, problem)).await {
        log.host().error("the failed start cannot be reported", &[("error", Value::Shown(&format_args!("{error:#}")))]);
    }
    ExitCode::FAILURE
}

async fn not_restored(runtime_api: &Uri, log: &Log, problem: &str) -> ExitCode {
    log.host().fatal(problem, &[("errorType", RESTORE_ERROR.into())]);
    if let Err(error) = Box::pin(RuntimeApiClient::new(runtime_api).restore_error(RESTORE_ERROR, problem)).await {
        let fields = [("error", Value::Shown(&format_args!("{error:#}")))];
        log.host().error("the failed restore cannot be reported", &fields);
    }
    ExitCode::FAILURE
}

fn log_to_stderr(config: &LogConfig) -> Log {
    Log::of(config, io::stderr(), None)
}

/// Waits for SIGTERM or SIGINT. If the handlers cannot be installed, the default action (terminate) applies.
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
}
