//! Runs programs one after the other, and ends the one that runs when nobody waits for it any more.

use std::fmt::Display;
use std::io::{self, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::{Result, bail};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::output;

/// The start of the line of stderr in which a program says why it failed.
const ERROR: &str = "error: ";

/// Runs programs. Clones share the one that runs.
#[derive(Debug, Clone)]
pub(crate) struct Subprocesses {
    /// Whether each program leads a process group, so that it can be killed with all that it has started. Ctrl-C does
    /// not reach such a group.
    grouped: bool,
    running: Arc<Mutex<Running>>,
}

#[derive(Debug)]
enum Running {
    None,
    Group(Pid),
    /// No further program is started.
    Over,
}

/// The end of a program.
#[derive(Debug)]
pub(crate) struct SubprocessEnd {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    /// What it said after `error: ` on stderr. The other lines were passed on.
    pub(crate) error: Option<String>,
}

impl SubprocessEnd {
    /// What it printed to stdout. `what` is the program, for the error.
    ///
    /// # Errors
    /// It failed; the error is what it said, if it said something.
    pub(crate) fn printed(self, what: impl Display) -> Result<String> {
        match (self.status.success(), self.error) {
            (true, _) => Ok(self.stdout),
            (false, Some(error)) => bail!("{error}"),
            (false, None) => bail!("{what} failed ({})", self.status),
        }
    }
}

/// Ends the running program when it is dropped.
#[derive(Debug)]
pub(crate) struct EndsWith(Subprocesses);

impl Subprocesses {
    /// Programs that Ctrl-C ends together with the tool.
    pub(crate) fn in_foreground() -> Subprocesses {
        Subprocesses { grouped: false, running: Arc::new(Mutex::new(Running::None)) }
    }

    /// Programs that end at the latest with the value that is returned beside them.
    pub(crate) fn watched() -> (Subprocesses, EndsWith) {
        let programs = Subprocesses { grouped: true, running: Arc::new(Mutex::new(Running::None)) };
        (programs.clone(), EndsWith(programs))
    }

    /// Runs a program to its end, without input. The lines of its stderr go to the tool's.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn run(&self, mut command: Command) -> io::Result<SubprocessEnd> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.start(&mut command)?;
        let stdout = child.stdout.take().map(|stdout| thread::spawn(|| io::read_to_string(stdout)));
        let error = child.stderr.take().and_then(|stderr| pass_on(BufReader::new(stderr)));
        let status = self.wait(&mut child)?;
        let stdout = stdout.and_then(|reader| reader.join().ok()).transpose()?.unwrap_or_default();
        Ok(SubprocessEnd { status, stdout, error })
    }

    fn start(&self, command: &mut Command) -> io::Result<Child> {
        if !self.grouped {
            return command.spawn();
        }
        let mut running = self.lock();
        if matches!(*running, Running::Over) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let child = command.process_group(0).spawn()?;
        if let Some(leader) = pid(&child) {
            *running = Running::Group(leader);
        }
        Ok(child)
    }

    fn wait(&self, child: &mut Child) -> io::Result<ExitStatus> {
        if let Some(leader) = pid(child).filter(|_| self.grouped) {
            // Its number stays its own until `Child::wait`, so that no other process is killed instead.
            let _ = waitid(WaitId::Pid(leader), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
            let mut running = self.lock();
            if matches!(*running, Running::Group(_)) {
                *running = Running::None;
            }
        }
        child.wait()
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for EndsWith {
    fn drop(&mut self) {
        let mut running = self.0.lock();
        if let Running::Group(leader) = *running {
            // ESRCH means that the group is already gone, which is fine.
            let _ = kill_process_group(leader, Signal::KILL);
        }
        *running = Running::Over;
    }
}

fn pid(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// Passes lines on to stderr, until the one that says what is wrong. That one and what follows are returned.
fn pass_on(stderr: impl io::BufRead) -> Option<String> {
    let mut error: Option<String> = None;
    for line in stderr.split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches('\r');
        match (&mut error, line.strip_prefix(ERROR)) {
            (_, Some(what)) => error = Some(what.to_owned()),
            (Some(error), None) => *error += &format!("\n{line}"),
            (None, None) => output::note(line),
        }
    }
    error.map(|error| error.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_output_and_the_error_are_apart() {
        let script = "echo one; echo step >&2; echo 'error: no' >&2; echo ' more' >&2; exit 3";
        let end = Subprocesses::in_foreground().run(shell(script)).unwrap();
        assert_eq!((end.status.code(), end.stdout.as_str()), (Some(3), "one\n"));
        assert_eq!(end.error.as_deref(), Some("no\n more"));
        assert!(Subprocesses::in_foreground().run(Command::new("no-such-program-here")).is_err());
    }

    #[test]
    fn a_program_ends_with_its_owner_and_no_other_is_started() {
        let (programs, owner) = Subprocesses::watched();
        let begin = Instant::now();
        let running = programs.clone();
        let sleeper = thread::spawn(move || running.run(shell("sleep 60 & wait")).unwrap());
        while !matches!(*programs.lock(), Running::Group(_)) {
            assert!(begin.elapsed() < Duration::from_secs(10));
            thread::sleep(Duration::from_millis(5));
        }
        drop(owner);
        assert_eq!(sleeper.join().unwrap().status.code(), None);
        assert!(begin.elapsed() < Duration::from_secs(30));
        assert_eq!(programs.run(shell("true")).unwrap_err().kind(), io::ErrorKind::Interrupted);
    }
}
