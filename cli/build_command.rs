//! The build command of `funcserver.toml`, which makes the component.
//!
//! The shell runs it in the folder of the file. Its output goes to stderr, because stdout is for the tool's own output.

use std::io;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use funcserver_engine::compile::Optimization;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::output;
use crate::project::{FILE, Project};

/// Has Cargo compile only what an edit changed, unless the user's environment says otherwise. With it a release build of
/// an edited crate takes a fifth of the time, and its code is a little slower. It concerns the project's own crates alone,
/// so dependencies are not compiled again. See
/// <https://doc.rust-lang.org/cargo/reference/config.html#profilenameincremental>.
const INCREMENTAL: &str = "export CARGO_PROFILE_RELEASE_INCREMENTAL=\"${CARGO_PROFILE_RELEASE_INCREMENTAL-true}\"\n";

/// A command that makes the component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BuildCommand(String);

impl BuildCommand {
    /// The build command, if the settings have one.
    pub(crate) fn of(project: &Project) -> Option<BuildCommand> {
        Some(BuildCommand(project.config.component.build.clone()?))
    }

    /// Runs it to its end.
    pub(crate) fn run(&self) -> Result<()> {
        let begin = Instant::now();
        let status = self.announced(Optimization::Full).status();
        self.ended(status, begin.elapsed())
    }

    /// Runs it to its end. If this future is dropped earlier, the command and all processes that it has started are
    /// killed. Cargo compiles incrementally if the component is not to be optimised.
    pub(crate) async fn run_watched(&self, optimization: Optimization) -> Result<()> {
        let begin = Instant::now();
        let mut command = tokio::process::Command::from(self.announced(optimization));
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

    fn announced(&self, optimization: Optimization) -> Command {
        output::note(format_args!("building: {}", self.0));
        let before = if optimization == Optimization::None { INCREMENTAL } else { "" };
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("{before}{}", self.0)).stdin(Stdio::null()).stdout(io::stderr());
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

    /// The leader has ended. Processes that it left running, such as a compiler's server, are meant to stay.
    fn disband(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // ESRCH means that the group is already gone, which is fine.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}
