//! A process that leads its own process group, so that none of its children outlives it.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::output::{LineSink, OutputStream, read_lines};

/// A process that is running or has ended. Dropping it kills its process group.
pub(super) struct Process {
    id: u32,
    group: Arc<Group>,
    ended: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    /// Starts `command`, and sends its output to `output` line by line.
    pub(super) fn start(mut command: Command, output: &LineSink, number: u64) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn()?;
        let id = child.id().unwrap_or_default();
        let group = Arc::new(Group::led_by(id));
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(read_lines(stdout, output.clone(), number, OutputStream::Stdout));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(read_lines(stderr, output.clone(), number, OutputStream::Stderr));
        }
        let (sender, ended) = watch::channel(None);
        tokio::spawn(wait(child, group.clone(), sender));
        Ok(Self { id, group, ended })
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// The exit status, if the process has ended.
    pub(super) fn status(&self) -> Option<ExitStatus> {
        *self.ended.borrow()
    }

    /// Waits until the process has ended.
    pub(super) async fn ended(&self) {
        self.end_watcher().await;
    }

    /// Returns a future that waits until the process has ended, without borrowing it.
    pub(super) fn end_watcher(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut ended = self.ended.clone();
        async move {
            // An error means that the waiting task is gone, and it ends only after the process.
            let _ = ended.wait_for(Option::is_some).await;
        }
    }

    /// Sends SIGKILL to the process group.
    pub(super) fn kill(&self) {
        self.group.signal(Signal::KILL);
    }

    /// Sends SIGTERM to the process group.
    pub(super) fn terminate(&self) {
        self.group.signal(Signal::TERM);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn wait(mut child: Child, group: Arc<Group>, ended: watch::Sender<Option<ExitStatus>>) {
    let status = child.wait().await;
    // Children of the process may still run. They end with it.
    group.end();
    ended.send_replace(Some(status.unwrap_or_default()));
}

/// A process group. Its id is valid until the leader is reaped.
struct Group(Mutex<Option<Pid>>);

impl Group {
    fn led_by(id: u32) -> Self {
        Self(Mutex::new(i32::try_from(id).ok().and_then(Pid::from_raw)))
    }

    fn signal(&self, signal: Signal) {
        let group = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = *group {
            // ESRCH means that no process is left in the group, which is fine.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Kills the remaining processes of the group and forgets its id, which the system may now reuse.
    fn end(&self) {
        self.signal(Signal::KILL);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
