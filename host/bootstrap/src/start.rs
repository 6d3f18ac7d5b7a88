//! From the environment to a running host: every step that can fail at start.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use funcserver_engine::{Guest, LoadError, Options};
use http::Uri;

use crate::extension::Extension;
use crate::runtime;
use crate::runtime_api::RuntimeApiClient;
use funcserver_function::Host;
use funcserver_function::Sandbox;
use funcserver_function::artifact::Artifact;
use funcserver_function::config::{Config, Env, LambdaEnv, LambdaEnvError, LogConfig, find_component};
use funcserver_function::log::{Log, Value};
use funcserver_function::log_panics;

/// Lambda's words for a start that failed before the first event.
const INIT_ERROR: &str = "Runtime.InitError";
const CONFIG_FILE: &str = "funcserver.toml";
/// The execution environment's own temporary folder, of which handlers get a part each.
/// The first that can be used is taken: an earlier process may have left what cannot be removed.
const SCRATCH: [&str; 4] = ["/tmp/funcserver", "/tmp/funcserver-1", "/tmp/funcserver-2", "/tmp/funcserver-3"];

/// An execution environment may have 1,024 threads. Events beyond these share them.
const MOST_THREADS: usize = 256;

/// Started by hand.
const USAGE: u8 = 2;

/// Runs until the Runtime API ends or a signal comes. A start that fails is reported to the Runtime API.
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
    // Dropped, it would wait for the operating system to resolve a name.
    runtime.shutdown_background();
    code
}

/// One thread for one event at a time: it starts sooner and costs less. Several events at once have a thread each, and one
/// more, so that one which blocks its thread stops no other.
fn tokio_runtime(concurrency: usize) -> io::Result<tokio::runtime::Runtime> {
    let mut builder = match concurrency {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.worker_threads(concurrency.min(MOST_THREADS) + 1).enable_all().build()
}

async fn serve(lambda: &LambdaEnv, env: &dyn Env) -> ExitCode {
    let api = &lambda.runtime_api;
    let (config, log) = match config(lambda, env) {
        Ok(config) => {
            let log = log_to_stderr(&config.log);
            (config, log)
        }
        Err(error) => return report(api, &log_to_stderr(&LogConfig::default()), &format!("{error:#}")).await,
    };
    log.forward_tracing();
    log_panics(log.clone());
    let host = match host(lambda, &config, env, &log) {
        Ok(host) => host,
        Err(error) => return report(api, &log, &format!("{error:#}")).await,
    };
    if config.lambda.extension {
        match Extension::register(api).await {
            Ok(extension) => extension.keep(log.clone()),
            Err(error) => return report(api, &log, &format!("lambda.extension: {error:#}")).await,
        }
    }
    // Into the snapshot goes what the warm-up has mapped; its instance does not.
    host.warm_up().await;
    if lambda.snapshot
        && let Err(error) = runtime::snapshot(&host, api).await
    {
        return report(api, &log, &format!("{error:#}")).await;
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

/// `funcserver.toml` of the zip, if it has one, and the environment.
fn config(lambda: &LambdaEnv, env: &dyn Env) -> anyhow::Result<Config> {
    let path = lambda.task_root.as_deref().map(|root| root.join(CONFIG_FILE));
    let text = path.as_deref().map(read_if_there).transpose()?.flatten();
    let file = path.as_deref().zip(text.as_deref());
    Ok(Config::read(file, env)?)
}

fn read_if_there(path: &Path) -> anyhow::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn host(lambda: &LambdaEnv, config: &Config, env: &dyn Env, log: &Log) -> anyhow::Result<Host> {
    let path = find_component(lambda, config, &|path| path.is_file())?;
    let artifact = Artifact::read(&path)?;
    if let Some(artifact) = &artifact {
        let length = path.metadata().with_context(|| format!("cannot read {}", path.display()))?.len();
        artifact.check_cheap(&path, length)?;
    }
    Artifact::check_proposals(artifact.as_ref(), &path, &config.component)?;
    let scratch = match config.guest.tmp {
        true => usable(&SCRATCH, log)?,
        false => Path::new(SCRATCH[0]),
    };
    let sandbox = Sandbox {
        memory: lambda.memory,
        alone: true,
        concurrency: lambda.concurrency,
        runtime_api: lambda.runtime_api.authority(),
        scratch,
    };
    let options = sandbox.options(config, env)?;
    let guest = load(&path, options)?;
    if let Some(refusal) = guest.refusal() {
        log.host().error("no request can be answered", &[("error", refusal.into())]);
    }
    Ok(Host::new(guest, config, log.clone()))
}

/// Maps the function's component.
#[expect(unsafe_code)]
fn load(path: &Path, options: Options) -> Result<Guest, LoadError> {
    // SAFETY: it is a part of the function as this executable is: whoever deployed the one compiled the other, by
    // `funcserver build`. Nobody writes to it, as the folder of a function is read-only.
    unsafe { Guest::load(path, options) }
}

/// The first folder in which folders can be made. What lies in it already is the engine's to remove, and keeps nobody waiting.
fn usable<'a>(folders: &'a [&'a str], log: &Log) -> anyhow::Result<&'a Path> {
    let mut last = None;
    for folder in folders.iter().map(Path::new) {
        match try_out(folder) {
            Ok(()) => return Ok(folder),
            Err(error) => {
                let fields = [("folder", Value::Shown(&folder.display())), ("error", Value::Shown(&error))];
                log.host().warn("a folder for temporary files cannot be used; another is taken", &fields);
                last = Some((folder, error));
            }
        }
    }
    match last {
        Some((folder, error)) => Err(error).with_context(|| format!("cannot make folders in {}", folder.display())),
        None => anyhow::bail!("there is no folder for temporary files"),
    }
}

fn try_out(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let probe = folder.join(format!("{}-probe", std::process::id()));
    // A process with this one's number may have left it.
    std::fs::create_dir(&probe).or_else(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Ok(()),
        _ => Err(error),
    })?;
    std::fs::remove_dir(&probe)
}

async fn report(runtime_api: &Uri, log: &Log, problem: &str) -> ExitCode {
    log.host().fatal(problem, &[("errorType", INIT_ERROR.into())]);
    if let Err(error) = RuntimeApiClient::new(runtime_api).init_error(INIT_ERROR, problem).await {
        log.host().error("the failed start cannot be reported", &[("error", Value::Shown(&format_args!("{error:#}")))]);
    }
    ExitCode::FAILURE
}

fn log_to_stderr(config: &LogConfig) -> Log {
    Log::of(config, io::stderr(), None)
}

/// Waits for SIGTERM or SIGINT. Where they cannot be had, they end the process as they do by default.
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use funcserver_function::log::{Format, Level};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_passed_over_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let [taken, good] = ["taken", "good"].map(|name| folder.path().join(name).display().to_string());
        std::fs::write(&taken, "no folder").unwrap();
        let lines = Lines::default();
        let log = Log::new(Format::Text, Level::Trace, lines.clone());
        assert_eq!(usable(&[&good], &log).unwrap(), Path::new(&good));
        assert!(lines.0.lock().unwrap().is_empty());
        assert_eq!(usable(&[&taken, &good], &log).unwrap(), Path::new(&good));
        let told = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(told.contains("another is taken") && told.contains(&taken), "{told}");
        assert_eq!(std::fs::read_dir(&good).unwrap().count(), 0, "nothing is left of the trial");
        let error = format!("{:#}", usable(&[&taken], &log).unwrap_err());
        assert!(error.contains(&taken), "{error}");
    }
}
