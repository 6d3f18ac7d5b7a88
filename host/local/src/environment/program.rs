//! The executable of a custom runtime, and how Lambda starts it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::{Function, id};

/// The `PATH` of Lambda.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/opt/bin";

/// The executable of a custom runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The executable: a path, relative to the caller's working directory, or a bare name that is looked up in `PATH`.
    pub executable: PathBuf,
    /// Its arguments. Lambda passes none.
    pub arguments: Vec<OsString>,
    /// The folder with the unpacked zip of the function: `LAMBDA_TASK_ROOT`, and the working directory.
    pub task_root: PathBuf,
    /// External extensions, which Lambda finds in `/opt/extensions`. They start and register before the executable
    /// starts, with the same working directory and variables.
    pub extensions: Vec<PathBuf>,
    /// The function's own environment variables. They override those of Lambda, including `PATH`. To find an executable
    /// as in the caller's shell, set the caller's `PATH` here.
    pub variables: BTreeMap<String, OsString>,
}

impl Program {
    /// `executable` without arguments, extensions or variables.
    pub fn new(executable: impl Into<PathBuf>, task_root: impl Into<PathBuf>) -> Self {
        Self {
            executable: executable.into(),
            arguments: Vec::new(),
            task_root: task_root.into(),
            extensions: Vec::new(),
            variables: BTreeMap::new(),
        }
    }

    /// The absolute path of the executable, to detect a missing one before the first event.
    ///
    /// # Errors
    /// The file does not exist, or no file of that name is in `PATH`.
    pub fn resolve(&self) -> io::Result<PathBuf> {
        let path = self.variables.get("PATH").map_or(OsStr::new(PATH), OsString::as_os_str);
        let found = find(&self.executable, path)?;
        found.metadata().map(|_| found)
    }

    pub(super) fn name(&self) -> String {
        self.executable.display().to_string()
    }

    /// The command that starts the program, without the caller's environment.
    pub(super) fn command(&self, function: &Function, runtime_api: SocketAddr) -> io::Result<Command> {
        let mut command = self.extension(&self.executable, function, runtime_api)?;
        command.args(&self.arguments);
        Ok(command)
    }

    /// The command that starts an extension of the program.
    pub(super) fn extension(
        &self,
        executable: &Path,
        function: &Function,
        runtime_api: SocketAddr,
    ) -> io::Result<Command> {
        // The path must be absolute before the working directory changes.
        let task_root = std::path::absolute(&self.task_root)?;
        if !task_root.is_dir() {
            let reason = format!("the task root {} is not a folder", task_root.display());
            return Err(io::Error::new(io::ErrorKind::NotADirectory, reason));
        }
        let mut variables = lambda_variables(function, &task_root, runtime_api);
        variables.extend(self.variables.iter().map(|(name, value)| (name.clone(), value.clone())));
        let path = variables.get("PATH").cloned().unwrap_or_default();
        let mut command = Command::new(find(executable, &path)?);
        command.current_dir(task_root).env_clear().envs(variables);
        Ok(command)
    }
}

/// The variables that Lambda defines for a custom runtime (developer guide, "Defined runtime environment variables"),
/// except the credentials, which a local function does not have.
fn lambda_variables(function: &Function, task_root: &Path, runtime_api: SocketAddr) -> BTreeMap<String, OsString> {
    let mut libraries = task_root.as_os_str().to_owned();
    libraries.push(":");
    libraries.push(task_root.join("lib"));
    let text = |text: &str| OsString::from(text);
    [
        ("_HANDLER", text(&function.handler)),
        ("AWS_DEFAULT_REGION", text(&function.region)),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string().into()),
        ("AWS_LAMBDA_FUNCTION_NAME", text(&function.name)),
        ("AWS_LAMBDA_FUNCTION_VERSION", text(Function::VERSION)),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", text("on-demand")),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name).into()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", format!("[{}]{:016x}", Function::VERSION, id::random()).into()),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string().into()),
        ("AWS_REGION", text(&function.region)),
        ("LAMBDA_RUNTIME_DIR", text("/var/runtime")),
        ("LAMBDA_TASK_ROOT", task_root.as_os_str().to_owned()),
        ("LANG", text("en_US.UTF-8")),
        ("LD_LIBRARY_PATH", libraries),
        ("PATH", text(PATH)),
        ("TZ", text(":UTC")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// The absolute path of the executable. A bare name is looked up here, because the system would use another `PATH`, or
/// none.
fn find(executable: &Path, path: &OsStr) -> io::Result<PathBuf> {
    if executable.components().count() != 1 || executable.is_absolute() {
        return std::path::absolute(executable);
    }
    std::env::split_paths(path)
        .map(|folder| folder.join(executable))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such program in PATH"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const API: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9001);

    #[test]
    fn the_callers_environment_is_hidden_and_the_function_overrides() {
        let mut program = Program::new("/bin/sh", "/");
        program.variables.insert("TZ".into(), "Europe/Vienna".into());
        let command = program.command(&Function::default(), API).unwrap();
        let variables: BTreeMap<_, _> =
            command.as_std().get_envs().map(|(name, value)| (name, value.unwrap())).collect();
        assert_eq!(variables[OsStr::new("TZ")], "Europe/Vienna");
        assert_eq!(variables[OsStr::new("AWS_LAMBDA_RUNTIME_API")], "127.0.0.1:9001");
        assert!(!variables.contains_key(OsStr::new("HOME")), "{variables:?}");
        assert_eq!(command.as_std().get_current_dir(), Some(Path::new("/")));
    }

    #[test]
    fn a_bare_name_is_looked_up_in_the_functions_path() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("runtime"), "").unwrap();
        assert_eq!(find(Path::new("runtime"), folder.path().as_os_str()).unwrap(), folder.path().join("runtime"));
        assert!(find(Path::new("runtime"), OsStr::new("/nowhere")).is_err());
        assert!(find(Path::new("./runtime"), OsStr::new("")).unwrap().is_absolute());
    }

    #[test]
    fn the_error_names_a_missing_task_root() {
        let error = Program::new("/bin/sh", "/no/such/folder").command(&Function::default(), API).unwrap_err();
        assert!(error.to_string().contains("/no/such/folder"), "{error}");
    }
}
