//! A deployed function: its settings, its component, and the options for running it in Lambda.
//!
//! Every host of such a function starts with these steps, regardless of its loop. The only step left to the host is the
//! unsafe one, [`Runtime::load`].

use std::io;
use std::path::{Path, PathBuf};

use funcserver_engine::{GuestOptions, Runtime};

use crate::Sandbox;
use crate::artifact::{Artifact, ArtifactError};
use crate::config::{Config, ConfigErrors, Env, LambdaEnv, Missing, NotAllowed, NotFound, find_component};
use crate::log::{Log, Value};
use crate::secrets::{SecretServicesError, Secrets};

const CONFIG_FILE: &str = "funcserver.toml";
/// Temporary folders in the execution environment's own `/tmp`, of which each handler gets a part. The first usable one
/// is chosen, because an earlier process may have left files that cannot be removed.
const SCRATCH: [&str; 4] = ["/tmp/funcserver", "/tmp/funcserver-1", "/tmp/funcserver-2", "/tmp/funcserver-3"];

/// The reason why a deployed function cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum TaskRootError {
    /// A file exists but cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The settings are wrong.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// There is no component.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// The component does not fit this program or its own facts.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The component uses a WebAssembly proposal that the settings do not allow.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// A variable or folder for the component is missing.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The secrets of the settings cannot be fetched from anywhere.
    #[error(transparent)]
    Secrets(#[from] SecretServicesError),
    /// There is no folder for temporary files.
    #[error("cannot make folders in {}: {source}", folder.display())]
    Scratch {
        /// The last folder that was tried.
        folder: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}

/// A function's compiled component and its options for Lambda: `runtime.load(&path, options)`. A host of it gets the
/// secrets.
pub struct DeployedComponent {
    /// The compiled component.
    pub path: PathBuf,
    /// The runtime to load it in.
    pub runtime: Runtime,
    /// The options for running it.
    pub options: GuestOptions,
    /// The secrets, if it has any. They are not fetched yet.
    pub secrets: Option<Secrets>,
}

/// The settings: `funcserver.toml` of the task root, if there is one, and the environment, which takes precedence.
///
/// # Errors
/// [`TaskRootError::Read`] and [`TaskRootError::Config`].
pub fn config(lambda: &LambdaEnv, env: &dyn Env) -> Result<Config, TaskRootError> {
    let path = lambda.task_root.as_deref().map(|root| root.join(CONFIG_FILE));
    let text = path.as_deref().map(read_if_there).transpose()?.flatten();
    let file = path.as_deref().zip(text.as_deref());
    Ok(Config::read(file, env)?)
}

/// The function's compiled component, and the options for running it here. This checks everything that can be checked
/// without reading the component: that its length matches its facts, that this version compiled it for this machine,
/// and that it uses only allowed proposals. If a folder for temporary files cannot be used, a warning is logged.
///
/// # Errors
/// All of [`TaskRootError`] except [`TaskRootError::Config`].
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
    let scratch = if config.guest.tmp { usable(&SCRATCH, log)? } else { Path::new(SCRATCH[0]) };
    let sandbox = Sandbox {
        memory: lambda.memory,
        alone: true,
        concurrency: lambda.concurrency,
        sharing: lambda.concurrency,
        runtime_api: lambda.runtime_api.authority(),
        scratch,
    };
    let options = sandbox.guest(config, artifact.as_ref().and_then(Artifact::calls), env)?;
    let secrets = Secrets::of(config, env)?;
    Ok(DeployedComponent { path, runtime: sandbox.runtime(config, env)?, options, secrets })
}

fn read_if_there(path: &Path) -> Result<Option<String>, TaskRootError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(TaskRootError::Read { path: path.to_owned(), source }),
    }
}

/// The first folder in which folders can be created, or the error of the last one. The engine removes the folder's old
/// contents later, which delays no request.
fn usable<'a>(folders: &'a [&'a str], log: &Log) -> Result<&'a Path, TaskRootError> {
    let mut last = (Path::new(""), io::Error::from(io::ErrorKind::NotFound));
    for folder in folders.iter().map(Path::new) {
        match try_out(folder) {
            Ok(()) => return Ok(folder),
            Err(error) => {
                let fields = [("folder", Value::Shown(&folder.display())), ("error", Value::Shown(&error))];
                log.host().warn("a folder for temporary files cannot be used; trying another", &fields);
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
    // An earlier process with this process's id may have left it.
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
    fn a_folder_that_cannot_be_used_is_skipped_with_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let [taken, good] = ["taken", "good"].map(|name| folder.path().join(name).display().to_string());
        std::fs::write(&taken, "no folder").unwrap();
        let lines = Lines::default();
        let log = Log::new(Format::Text, Level::Trace, lines.clone());
        assert_eq!(usable(&[&good], &log).unwrap(), Path::new(&good));
        assert!(lines.0.lock().unwrap().is_empty());
        assert_eq!(usable(&[&taken, &good], &log).unwrap(), Path::new(&good));
        let told = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(told.contains("trying another") && told.contains(&taken), "{told}");
        assert_eq!(std::fs::read_dir(&good).unwrap().count(), 0, "nothing is left of the trial");
        let error = usable(&[&taken], &log).unwrap_err().to_string();
        assert!(error.contains(&taken), "{error}");
    }
}
