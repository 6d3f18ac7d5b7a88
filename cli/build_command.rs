//! The build command of `funcserver.toml`, which makes the component.
//!
//! It runs in the folder of the file, by the shell. What it prints goes to stderr, as stdout is the tool's own.

use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::output;
use crate::project::{FILE, Project};

/// A command that makes the component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BuildCommand(String);

impl BuildCommand {
    /// The command that makes the component that is meant: none for one that the command line names, as it makes another.
    pub(crate) fn of(argument: Option<&Path>, project: &Project) -> Option<BuildCommand> {
        let command = project.config.component.build.as_deref().filter(|_| argument.is_none())?;
        Some(BuildCommand(command.to_owned()))
    }

    /// Runs it to its end.
    pub(crate) fn run(&self) -> Result<()> {
        let begin = Instant::now();
        let status = self.announced().status();
        self.ended(status, begin.elapsed())
    }

    /// Runs it to its end. If this future is dropped before, the command ends, and all that it has started.
    pub(crate) async fn run_watched(&self) -> Result<()> {
        let begin = Instant::now();
        let mut command = tokio::process::Command::from(self.announced());
        let status = match command.process_group(0).spawn() {
            Ok(mut child) => {
                let group = Group::led_by(child.id());
                let status = child.wait().await;
                group.disband();
                status
            }
            Err(error) => Err(error),
        };
        self.ended(status, begin.elapsed())
    }

    fn announced(&self) -> Command {
        output::note(format_args!("building: {}", self.0));
        let mut command = Command::new("sh");
        command.arg("-c").arg(&self.0).stdin(Stdio::null()).stdout(io::stderr());
        command
    }

    fn ended(&self, status: io::Result<ExitStatus>, time: Duration) -> Result<()> {
        let status = status.with_context(|| format!("cannot run the build command: {}", self.0))?;
        if !status.success() {
            bail!("the build command failed ({status}): {}; {FILE} or FUNCSERVER_COMPONENT_BUILD names it", self.0);
        }
        output::note(format_args!("built in {:.2} s", time.as_secs_f64()));
        Ok(())
    }
}

/// The processes of a command that runs. Dropping it kills them.
struct Group(Option<Pid>);

impl Group {
    fn led_by(id: Option<u32>) -> Group {
        Group(id.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    /// Their leader has ended: what it left running, such as a compiler's server, is meant to stay.
    fn disband(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // It fails where nobody is left, which is what it is for.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}
