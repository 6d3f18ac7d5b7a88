//! Loads the component: at the start, and again whenever it has changed.

use std::env::current_dir;
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use funcserver_function::Observer;
use funcserver_function::config::Variables;
use tokio::task::spawn_blocking;

use crate::args;
use crate::component::{Component, ComponentSource};
use crate::local::{LocalFunction, Setup};
use crate::project::Project;

/// Concurrent events; more wait. Lambda would start as many environments.
const CONCURRENCY: usize = 128;

/// The inputs that determine which component is loaded, and how. Clones share it.
#[derive(Clone)]
pub(super) struct Loader {
    argument: Option<PathBuf>,
    /// The folder that `serve` itself writes to, as a path in the working folder.
    record: Option<PathBuf>,
    setup: Setup,
    env: Arc<Variables>,
}

impl Loader {
    pub(super) fn new(args: &args::Serve, env: &Variables, observer: Arc<dyn Observer>) -> Loader {
        // In bytes; there are no more than 10,240 of them.
        let memory = usize::try_from(args.memory).unwrap_or(usize::MAX).saturating_mul(1 << 20);
        let setup =
            Setup { timeout: args.timeout.duration(), memory, concurrency: CONCURRENCY, observer: Some(observer) };
        let record = args.record.as_deref().and_then(inside);
        Loader { argument: args.component.path.clone(), record, setup, env: Arc::new(env.clone()) }
    }

    /// Whether `serve` itself writes this file.
    pub(super) fn writes(&self, path: &Path) -> bool {
        self.record.as_deref().is_some_and(|folder| path.starts_with(folder))
    }

    /// The component that the command line names.
    pub(super) fn argument(&self) -> Option<&Path> {
        self.argument.as_deref()
    }

    /// The project as it is now.
    pub(super) fn project(&self) -> Result<Project> {
        Project::read(&*self.env)
    }

    /// Loads the component for the first time, and says which one it is.
    pub(super) fn load(&self, project: &Project) -> Result<(LocalFunction, ComponentSource)> {
        let component = Component::choose(self.argument(), project)?;
        let origin = component.origin.clone();
        Ok((LocalFunction::of(component, project, self.setup.clone(), &*self.env)?, origin))
    }

    /// Loads the component as it is now.
    pub(super) fn load_again(&self, project: &Project) -> Result<LocalFunction> {
        let component = Component::find(self.argument(), project)?;
        LocalFunction::of(component, project, self.setup.clone(), &*self.env)
    }
}

/// Runs slow work outside the tasks that answer requests and signals.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    spawn_blocking(work).await.context("an internal task of the tool failed")?
}

/// A path relative to the working folder, if it is inside.
fn inside(path: &Path) -> Option<PathBuf> {
    let (path, here) = (absolute(path).ok()?, current_dir().ok()?);
    path.strip_prefix(here).ok().map(Path::to_owned)
}
