//! What makes the project's component: its own build command, or this tool for an app.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};
use funcserver_engine::compile::Optimization;
use funcserver_function::config::Variables;
use tokio::task::spawn_blocking;

use crate::app::ProjectApp;
use crate::build_command::BuildCommand;
use crate::output;
use crate::project::Project;
use crate::sources;
use crate::subprocess::Subprocesses;

/// What makes a component.
#[derive(Debug, Clone)]
pub(crate) enum Builder {
    /// `component.build`
    Command(BuildCommand),
    /// `component.app`
    App(ProjectApp),
}

impl Builder {
    /// What makes the component; `None` if nothing does, or if the command line names the component.
    pub(crate) fn of(argument: Option<&Path>, project: &Project, env: &Variables) -> Option<Builder> {
        if argument.is_some() {
            return None;
        }
        let command = BuildCommand::of(project).map(Builder::Command);
        command.or_else(|| ProjectApp::of(project, env).map(Builder::App))
    }

    /// Makes the component.
    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Builder::Command(command) => command.run(),
            Builder::App(app) => {
                let begin = Instant::now();
                app.build(&Subprocesses::in_foreground())?;
                output::note(format_args!("built in {:.2} s", begin.elapsed().as_secs_f64()));
                Ok(())
            }
        }
    }

    /// Says on stderr if the component of an app is older than a source. Only commands that build run a project's programs,
    /// so the others use the component that is there.
    pub(crate) fn warn_if_stale(&self) {
        let Builder::App(app) = self else { return };
        let component = app.component();
        if let Some(source) = newer_source(component) {
            output::warn(format_args!(
                "{} is newer than {}; make it again: funcserver build",
                source.display(),
                component.display()
            ));
        }
    }

    /// Makes the component. If this future is dropped earlier, all processes that it has started are killed.
    pub(crate) async fn run_watched(&self, optimization: Optimization) -> Result<()> {
        let app = match self {
            Builder::Command(command) => return command.run_watched(optimization).await,
            Builder::App(app) => app.clone(),
        };
        let (programs, _end) = Subprocesses::watched();
        spawn_blocking(move || app.build(&programs)).await.context("an internal task of the tool failed")?
    }
}

/// The source that was changed last, if that was after the component was built.
fn newer_source(component: &Path) -> Option<PathBuf> {
    let modified = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let built = modified(component)?;
    let sources = sources::of(Path::new(".")).into_iter().filter_map(|source| Some((modified(&source)?, source)));
    sources.max().filter(|(changed, _)| *changed > built).map(|(_, source)| source)
}
