//! A process that leads its process group, and is never left behind.

use super::output::{LineSink, OutputStream, read_lines};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// A running, or ended, process. Dropping it kills its group.
pub(super) struct Process {
    id: u32,
    group: Arc<Group>,
    ended: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    /// Starts `command`; its output goes to `output`, line by line.
    pub(super) fn start(mut command: Command, output: &LineSink, number: u64) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn()?;
        let id = child.id().unwrap_or_default();
        let group = Arc::new(Group::led_by(id));
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(read_lines(stdout, Arc::clone(output), number, OutputStream::Stdout));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(read_lines(stderr, Arc::clone(output), number, OutputStream::Stderr));
        }
        let (sender, ended) = watch::channel(None);
        tokio::spawn(wait(child, Arc::clone(&group), sender));
        Ok(Self { id, group, ended })
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// How it ended, if it has.
    pub(super) fn status(&self) -> Option<ExitStatus> {
        *self.ended.borrow()
    }

    /// Waits for its end.
    pub(super) async fn ended(&self) {
        self.end_watcher().await;
    }

    /// Waits for its end, apart from it.
    pub(super) fn end_watcher(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut ended = self.ended.clone();
        async move {
            // An error means that the task that waits is gone, which it only is when the process has ended.
            let _ = ended.wait_for(Option::is_some).await;
        }
    }

    /// Kills the whole group at once.
    pub(super) fn kill(&self) {
        self.group.signal(Signal::KILL);
    }

    /// Asks the whole group to end.
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
    // Children of the process may be left; they end with it.
    group.end();
    ended.send_replace(Some(status.unwrap_or_default()));
}

/// A process group, for as long as its leader's id is its own.
struct Group(Mutex<Option<Pid>>);

impl Group {
    fn led_by(id: u32) -> Self {
        Self(Mutex::new(i32::try_from(id).ok().and_then(Pid::from_raw)))
    }

    fn signal(&self, signal: Signal) {
        let group = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = *group {
            // It fails when nobody is left, which is what a kill is for.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Kills what is left of the group, and forgets its id: the system may give it to others now.
    fn end(&self) {
        self.signal(Signal::KILL);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
