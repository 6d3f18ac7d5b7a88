//! One user: the tool with its own working folder and cache.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::warm_cache;

/// The longest time for a call of the tool.
const PATIENCE: Duration = Duration::from_secs(120);

/// A user.
pub(crate) struct Tool {
    home: TempDir,
}

/// The result of a call of the tool.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Tool {
    /// A user whose cache contains the compiled mirror and example.
    pub(crate) fn new() -> Tool {
        let tool = Tool::with_empty_cache();
        warm_cache::make(&tool.cache());
        tool
    }

    /// A user with an empty cache.
    pub(crate) fn with_empty_cache() -> Tool {
        let tool = Tool { home: TempDir::new().unwrap() };
        fs::create_dir(tool.path("")).unwrap();
        tool
    }

    /// A path in the working folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join("work").join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.home.path().join("cache")
    }

    /// The tool with a command line, split at spaces, and without the environment of the tests.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_funcserver"));
        command
            .args(line.split_whitespace())
            .current_dir(self.path(""))
            .env_clear()
            .env("XDG_CACHE_HOME", self.cache());
        command
    }

    /// The same with the machine's own programs, and with a cache in the target folder, which outlives the test: what is
    /// installed and compiled there takes long.
    pub(crate) fn command_on_machine(&self, line: &str, cache: &str) -> Command {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join(cache);
        fs::create_dir_all(&cache).unwrap();
        let mut command = self.command(line);
        for name in ["PATH", "HOME"] {
            command.env(name, std::env::var_os(name).unwrap_or_default());
        }
        command.env("XDG_CACHE_HOME", cache);
        command
    }

    pub(crate) fn run(&self, line: &str) -> Ended {
        self.finish(self.command(line), b"")
    }

    pub(crate) fn run_with(&self, line: &str, name: &str, value: impl AsRef<OsStr>) -> Ended {
        let mut command = self.command(line);
        command.env(name, value);
        self.finish(command, b"")
    }

    pub(crate) fn run_on(&self, line: &str, stdin: &[u8]) -> Ended {
        self.finish(self.command(line), stdin)
    }

    /// Runs a command to its end.
    pub(crate) fn finish(&self, command: Command, stdin: &[u8]) -> Ended {
        self.finish_within(command, stdin, PATIENCE)
    }

    /// Runs a command to its end. Output goes to files instead of pipes, which would have to be read meanwhile.
    pub(crate) fn finish_within(&self, mut command: Command, stdin: &[u8], patience: Duration) -> Ended {
        let file = |name: &str| self.home.path().join(name);
        fs::write(file("stdin"), stdin).unwrap();
        let mut child = command
            .stdin(File::open(file("stdin")).unwrap())
            .stdout(File::create(file("stdout")).unwrap())
            .stderr(File::create(file("stderr")).unwrap())
            .spawn()
            .unwrap();
        let status = wait(&mut child, patience);
        let text = |name| String::from_utf8(fs::read(file(name)).unwrap()).unwrap();
        let ended = Ended { code: status.code().unwrap_or(-1), stdout: text("stdout"), stderr: text("stderr") };
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
        ended
    }
}

impl Ended {
    /// Checks that the call succeeded.
    pub(crate) fn succeeded(self) -> Ended {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self
    }

    /// Checks that the call failed with one line that contains all `parts`, and printed nothing on stdout.
    pub(crate) fn failed(self, parts: &[&str]) -> Ended {
        assert_eq!(self.code, 1, "{}\n{}", self.stdout, self.stderr);
        assert_eq!(self.stdout, "");
        let errors: Vec<_> = self.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors.len(), 1, "{}", self.stderr);
        let last = self.stderr.lines().last().unwrap_or_default();
        assert_eq!(errors, [last]);
        for part in parts {
            assert!(last.contains(part), "`{part}` is missing in: {last}");
        }
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

/// Waits for a child, and kills it if that takes too long.
pub(crate) fn wait(child: &mut Child, patience: Duration) -> ExitStatus {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if begin.elapsed() > patience {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("still running after {patience:?}");
        }
        sleep(Duration::from_millis(5));
    }
}

/// The bootstrap that cargo built next to the tool.
pub(crate) fn debug_bootstrap() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_funcserver")).with_file_name("bootstrap");
    assert!(path.is_file(), "{} is missing: cargo build -p funcserver-bootstrap", path.display());
    path
}
