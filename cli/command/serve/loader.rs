//! Loads the component: at the start, and again whenever it has changed.

use std::env::current_dir;
use std::io;
use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use funcserver_engine::Target;
use funcserver_engine::compile::Optimization;
use funcserver_function::Observer;
use funcserver_function::config::Variables;
use funcserver_function::log::Log;
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use crate::app::SourceApp;
use crate::args;
use crate::builder::Builder;
use crate::compiled::Compiled;
use crate::component::{Component, ComponentSource};
use crate::load_check;
use crate::local::{LocalFunction, Setup};
use crate::project::Project;

/// Concurrent events; more wait. Lambda would start as many environments.
const CONCURRENCY: usize = 128;

/// The inputs that determine which component is loaded, and how. Clones share it.
#[derive(Clone)]
pub(super) struct Loader {
    argument: Option<PathBuf>,
    optimization: Optimization,
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
            Setup { memory, concurrency: CONCURRENCY, observer: Some(observer), ..Setup::new(args.timeout.duration()) };
        let record = args.record.as_deref().and_then(inside);
        let argument = args.component.path.clone();
        // What is watched is soon replaced, so the time to compile it counts more than its speed.
        let optimization = if args.watch && !args.optimize { Optimization::None } else { Optimization::Full };
        Loader { argument, optimization, record, setup, env: Arc::new(env.clone()) }
    }

    /// Whether `serve` itself writes this file.
    pub(super) fn writes(&self, path: &Path) -> bool {
        self.record.as_deref().is_some_and(|folder| path.starts_with(folder))
    }

    /// How far components are optimised.
    pub(super) fn optimization(&self) -> Optimization {
        self.optimization
    }

    /// The component that the command line names.
    pub(super) fn argument(&self) -> Option<&Path> {
        self.argument.as_deref()
    }

    /// What makes the component, if something does.
    pub(super) fn builder(&self, project: &Project) -> Option<Builder> {
        Builder::of(self.argument(), project, &self.env)
    }

    /// The app of the project, if it is to be served from its sources.
    pub(super) fn app(&self, project: &Project) -> Option<SourceApp> {
        match self.builder(project)? {
            Builder::App(app) if self.optimization == Optimization::None => app.into_source_app(),
            Builder::App(_) | Builder::Command(_) => None,
        }
    }

    /// Checks that the environment has what the component inherits.
    pub(super) fn check_variables(&self, project: &Project) -> Result<()> {
        project.check_variables(&*self.env)
    }

    /// The project as it is now.
    pub(super) fn project(&self) -> Result<Project> {
        Project::read(&*self.env)
    }

    /// Loads the component that was built before, and says which one it is.
    pub(super) fn load_built(&self, project: &Project) -> Result<(LocalFunction, ComponentSource)> {
        if let Some(builder) = self.builder(project) {
            builder.warn_if_stale();
        }
        self.load(project)
    }

    /// Loads the component for the first time, and says which one it is.
    pub(super) fn load(&self, project: &Project) -> Result<(LocalFunction, ComponentSource)> {
        let component = Component::choose(self.argument(), project)?;
        let origin = component.origin.clone();
        Ok((self.function(component, project)?, origin))
    }

    /// Compiles a component that reads the app's own files when an instance starts.
    pub(super) fn compile_app(&self, app: &SourceApp, wasm: Vec<u8>, project: &Project) -> Result<Compiled> {
        let component = Component::of_app(app.name().clone(), wasm);
        Compiled::of(component, Target::Host, &project.config.component, &*self.env)
    }

    /// Imports the app from its sources, in an instance of its own.
    pub(super) fn try_app(
        &self,
        app: &SourceApp,
        compiled: &Compiled,
        sources: Arc<TempDir>,
        project: &Project,
    ) -> Result<Duration> {
        let origin = ComponentSource::App(app.name().clone());
        load_check::check(compiled, &origin, project, self.with(sources), &*self.env)
    }

    /// Loads an app that reads its sources when an instance starts.
    pub(super) fn load_app(
        &self,
        app: &SourceApp,
        compiled: &Compiled,
        sources: Arc<TempDir>,
        project: &Project,
    ) -> Result<LocalFunction> {
        let origin = ComponentSource::App(app.name().clone());
        let log = Log::of(&project.config.log, io::stderr(), None);
        log.forward_tracing();
        LocalFunction::of_compiled(compiled, &origin, project, self.with(sources), log, &*self.env)
    }

    fn with(&self, sources: Arc<TempDir>) -> Setup {
        Setup { sources: Some(sources), ..self.setup.clone() }
    }

    /// Loads the component as it is now.
    pub(super) fn load_again(&self, project: &Project) -> Result<LocalFunction> {
        let component = Component::find(self.argument(), project)?;
        self.function(component, project)
    }

    fn function(&self, component: Component, project: &Project) -> Result<LocalFunction> {
        let component = match self.optimization {
            Optimization::None => component.uninitialized(),
            Optimization::Full => component,
        };
        LocalFunction::of(component, self.optimization, project, self.setup.clone(), &*self.env)
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
