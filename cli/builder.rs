//! What makes the project's component: its own build command, or this tool for an app.

use std::path::Path;

use anyhow::{Context as _, Result};
use funcserver_function::config::Variables;
use tokio::task::spawn_blocking;

use crate::build_command::BuildCommand;
use crate::output;
use crate::project::Project;
use crate::python::PythonApp;
use crate::sources;
use crate::subprocess::Subprocesses;

/// What makes a component.
#[derive(Debug, Clone)]
pub(crate) enum Builder {
    /// `component.build`
    Command(BuildCommand),
    /// `component.app`
    App(PythonApp),
}

impl Builder {
    /// What makes the component; `None` if nothing does, or if the command line names the component.
    pub(crate) fn of(argument: Option<&Path>, project: &Project, env: &Variables) -> Option<Builder> {
        if argument.is_some() {
            return None;
        }
        let command = BuildCommand::of(project).map(Builder::Command);
        command.or_else(|| PythonApp::of(project, env).map(Builder::App))
    }

    /// Makes the component.
    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Builder::Command(command) => command.run(),
            Builder::App(app) => app.build(&Subprocesses::in_foreground()),
        }
    }

    /// Makes the component of an app, if there is none yet or a source is newer. A build command decides for itself what is
    /// to be done, and runs only when it is asked to.
    pub(crate) fn refresh(&self) -> Result<()> {
        let Builder::App(app) = self else { return Ok(()) };
        if is_current(app.component()) {
            return Ok(());
        }
        output::note(format_args!("building {}", app.component().display()));
        app.build(&Subprocesses::in_foreground())
    }

    /// Makes the component. If this future is dropped earlier, all processes that it has started are killed.
    pub(crate) async fn run_watched(&self) -> Result<()> {
        let app = match self {
            Builder::Command(command) => return command.run_watched().await,
            Builder::App(app) => app.clone(),
        };
        let (programs, _end) = Subprocesses::watched();
        spawn_blocking(move || app.build(&programs)).await.context("an internal task of the tool failed")?
    }
}

/// Whether no source was changed since the component was built.
fn is_current(component: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let Some(built) = modified(component) else { return false };
    let changed = sources::of(Path::new(".")).iter().filter_map(|source| modified(source)).max();
    changed.is_none_or(|changed| changed <= built)
}
