//! A function as it was deployed: its settings, its component, and how that is run in Lambda.
//!
//! Every host of such a function starts with these steps, whatever loop it has. What is left to it is the one step that
//! is unsafe, [`Runtime::load`].

use std::io;
use std::path::{Path, PathBuf};

use funcserver_engine::{GuestOptions, Runtime};

use crate::Sandbox;
use crate::artifact::{Artifact, ArtifactError};
use crate::config::{Config, ConfigErrors, Env, LambdaEnv, Missing, NotAllowed, NotFound, find_component};
use crate::log::{Log, Value};

const CONFIG_FILE: &str = "funcserver.toml";
/// The execution environment's own temporary folder, of which handlers get a part each.
/// The first that can be used is taken: an earlier process may have left what cannot be removed.
const SCRATCH: [&str; 4] = ["/tmp/funcserver", "/tmp/funcserver-1", "/tmp/funcserver-2", "/tmp/funcserver-3"];

/// Why a function cannot be run as it was deployed.
#[derive(Debug, thiserror::Error)]
pub enum TaskRootError {
    /// A file is there and cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The settings are wrong.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// There is no component.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// The component does not fit this program, or its own facts.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The component uses a WebAssembly proposal that the settings do not allow.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The component is to be given what is not there.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// There is no folder for temporary files.
    #[error("cannot make folders in {}: {source}", folder.display())]
    Scratch {
        /// The last one that was tried.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A function's compiled component, and how it is run in Lambda: `runtime.load(&path, options)`.
pub struct DeployedComponent {
    /// The compiled component.
    pub path: PathBuf,
    /// What it runs on.
    pub runtime: Runtime,
    /// How it is run.
    pub options: GuestOptions,
}

/// The settings: `funcserver.toml` of the task root, if it has one, and the environment, which wins.
///
/// # Errors
/// [`TaskRootError::Read`] and [`TaskRootError::Config`].
pub fn config(lambda: &LambdaEnv, env: &dyn Env) -> Result<Config, TaskRootError> {
    let path = lambda.task_root.as_deref().map(|root| root.join(CONFIG_FILE));
    let text = path.as_deref().map(read_if_there).transpose()?.flatten();
    let file = path.as_deref().zip(text.as_deref());
    Ok(Config::read(file, env)?)
}

/// Where the function's compiled component is, and how it is to be run here. What can be checked of it without reading
/// it is checked: that it is as long as its facts say, was compiled by this version for this machine, and uses no more
/// than the settings allow. A folder for temporary files that cannot be used is a warning in the log.
///
/// # Errors
/// All of [`TaskRootError`] but [`TaskRootError::Config`].
pub fn component(
    lambda: &LambdaEnv,
    config: &Config,
    env: &dyn Env,
    log: &Log,
) -> Result<DeployedComponent, TaskRootError> {
    let path = find_component(lambda, config, &|path| path.is_file())?;
    let artifact = Artifact::read(&path)?;
    if let Some(artifact) = &artifact {
        let length = path.metadata().map_err(|source| TaskRootError::Read { path: path.clone(), source })?.len();
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
        sharing: lambda.concurrency,
        runtime_api: lambda.runtime_api.authority(),
        scratch,
    };
    let options = sandbox.guest(config, artifact.as_ref().and_then(Artifact::calls), env)?;
    Ok(DeployedComponent { path, runtime: sandbox.runtime(config), options })
}

fn read_if_there(path: &Path) -> Result<Option<String>, TaskRootError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(TaskRootError::Read { path: path.to_owned(), source }),
    }
}

/// The first folder in which folders can be made, else the last one with its error. What lies in it already is the
/// engine's to remove, and keeps nobody waiting.
fn usable<'a>(folders: &'a [&'a str], log: &Log) -> Result<&'a Path, TaskRootError> {
    let mut last = (Path::new(""), io::Error::from(io::ErrorKind::NotFound));
    for folder in folders.iter().map(Path::new) {
        match try_out(folder) {
            Ok(()) => return Ok(folder),
            Err(error) => {
                let fields = [("folder", Value::Shown(&folder.display())), ("error", Value::Shown(&error))];
                log.host().warn("a folder for temporary files cannot be used; another is taken", &fields);
                last = (folder, error);
            }
        }
    }
    let (folder, source) = last;
    Err(TaskRootError::Scratch { folder: folder.to_owned(), source })
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::log::{Format, Level};

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
        let error = usable(&[&taken], &log).unwrap_err().to_string();
        assert!(error.contains(&taken), "{error}");
    }
}
