//! A running `funcserver serve`.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use crate::http::get;
use crate::tool::{Tool, wait};

/// The time for a server to start, with an unoptimised compiler in it, and to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server. Dropping it ends the process.
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: PathBuf,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts `serve` with these arguments on a free port, and waits for its first line.
    pub(crate) fn start(tool: &Tool, arguments: &str) -> Server {
        Server::of(tool, tool.command(&format!("serve --listen 127.0.0.1:0 {arguments}")))
    }

    /// Starts `serve --exec` with the variables that programs need, and with one that identifies its processes.
    pub(crate) fn exec(tool: &Tool, arguments: &str) -> Server {
        let mark = mark(tool);
        let mut command = tool.command(&format!("serve --listen 127.0.0.1:0 --env {mark} {arguments}"));
        for name in ["PATH", "HOME"] {
            command.env(name, std::env::var_os(name).unwrap_or_default());
        }
        Server::of(tool, command)
    }

    /// Starts a command, and waits for its first line.
    pub(crate) fn of(tool: &Tool, command: Command) -> Server {
        Server::of_within(tool, command, PATIENCE)
    }

    /// Starts a command, and waits so long for its first line.
    pub(crate) fn of_within(tool: &Tool, mut command: Command, patience: Duration) -> Server {
        let stderr = tool.path("serve.log");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(&stderr).unwrap());
        let mut child = command.spawn().unwrap();
        let (line, stdout) = first_line(child.stdout.take().unwrap(), patience);
        let Some(address) = line.strip_prefix("http://").and_then(|address| address.trim_end().parse().ok()) else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("not an address: {line:?}; {}", fs::read_to_string(stderr).unwrap());
        };
        Server { child, stdout, stderr, address }
    }

    /// The current contents of stderr.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap()
    }

    /// Waits for a line on stderr that contains `part`, and returns the first one.
    pub(crate) fn log_line(&self, part: &str) -> String {
        let begin = Instant::now();
        loop {
            let log = self.log();
            if let Some(line) = log.lines().find(|line| line.contains(part)) {
                return line.to_owned();
            }
            assert!(begin.elapsed() < Duration::from_secs(10), "no line with {part}: {log}");
            sleep(Duration::from_millis(5));
        }
    }

    /// Waits for a page with this text, and says how long that took.
    pub(crate) fn until(&self, text: &str, patience: Duration) -> Duration {
        let begin = Instant::now();
        loop {
            let page = get(self.address, "/", "");
            if page.body == text {
                return begin.elapsed();
            }
            assert!(begin.elapsed() < patience, "no {text:?}: {:?}\n{}", page.body, self.log());
            sleep(Duration::from_millis(20));
        }
    }

    /// Waits until stderr has `part` so many times.
    pub(crate) fn log_times(&self, count: usize, part: &str, patience: Duration) {
        let begin = Instant::now();
        while self.log().matches(part).count() < count {
            assert!(begin.elapsed() < patience, "no {count} of {part}: {}", self.log());
            sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal and waits for the end. Returns the exit status, and the output on stdout after the first line.
    pub(crate) fn end(mut self, signal: &str) -> (ExitStatus, String) {
        let kill = format!("kill -{signal} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let status = wait(&mut self.child, PATIENCE);
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (status, rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A variable that only the processes of this user have.
pub(crate) fn mark(tool: &Tool) -> String {
    format!("MARK={}", tool.path("").display())
}

/// The processes with this variable in their environment.
pub(crate) fn processes_with(variable: &str) -> Vec<u32> {
    let numbers = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let has = |id: &u32| {
        // A process that has ended but was not waited for has no environment.
        let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|one| one == variable.as_bytes())
    };
    numbers.filter(has).collect()
}

/// The first line, or an empty one if the output ends.
fn first_line(stdout: ChildStdout, patience: Duration) -> (String, BufReader<ChildStdout>) {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        let _ = stdout.read_line(&mut line);
        let _ = sender.send((line, stdout));
    });
    receiver.recv_timeout(patience).expect("no line on stdout in time")
}
