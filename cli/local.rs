//! A function on this machine, for `serve` and `invoke`: the same host as in Lambda runs in this process.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use funcserver_engine::Target;
use funcserver_engine::compile::Optimization;
use funcserver_function::artifact::Artifact;
use funcserver_function::config::{Env, Variables};
use funcserver_function::log::Log;
use funcserver_function::{After, Context, Host, Observer, Outcome, Sandbox};
use funcserver_local::Function;
use tempfile::TempDir;

use crate::builder::Builder;
use crate::compiled::{Compiled, Goal};
use crate::component::{Component, ComponentSource};
use crate::native;
use crate::project::Project;
use crate::source_lines::SourceLines;

/// The memory of the imitated function, in bytes. The component's limit is derived from it if none is set.
const MEMORY: usize = 1 << 30;

/// A component that answers events. Clones share it.
#[derive(Clone)]
pub(crate) struct LocalFunction {
    host: Host,
    arn: String,
    timeout: Duration,
    /// The parent of the component's temporary folders; removed with the function.
    _scratch: Arc<TempDir>,
    /// The sources that instances read; removed with the last function that uses them.
    _sources: Option<Arc<TempDir>>,
}

/// The settings that a function has in Lambda, and not in its project.
#[derive(Clone)]
pub(crate) struct Setup {
    /// The time for one event.
    pub(crate) timeout: Duration,
    /// The function's memory, in bytes.
    pub(crate) memory: usize,
    /// How many events are answered at once; more wait.
    pub(crate) concurrency: usize,
    /// Who is told of invocations besides the log.
    pub(crate) observer: Option<Arc<dyn Observer>>,
    /// A folder that the component sees as `/app`: the sources of an app that reads them when an instance starts.
    pub(crate) sources: Option<Arc<TempDir>>,
    /// A variable of the component that the project does not set.
    pub(crate) variable: Option<(&'static str, &'static str)>,
}

impl Setup {
    /// A function of the usual memory that answers one event at a time.
    pub(crate) fn new(timeout: Duration) -> Setup {
        Setup { timeout, memory: MEMORY, concurrency: 1, observer: None, sources: None, variable: None }
    }
}

impl LocalFunction {
    /// Compiles and loads the component that the command uses, for `concurrency` events at once. The log goes to
    /// stderr.
    pub(crate) fn load(
        argument: Option<&Path>,
        timeout: Duration,
        concurrency: usize,
        env: &Variables,
    ) -> Result<(LocalFunction, ComponentSource)> {
        let project = Project::read(env)?;
        let component = Component::choose(argument, &project)?;
        if let Some(builder) = Builder::of(argument, &project, env) {
            builder.warn_if_stale();
        }
        let origin = component.origin.clone();
        let setup = Setup { concurrency, ..Setup::new(timeout) };
        let function = LocalFunction::of(component, Optimization::Full, &project, setup, env)?;
        Ok((function, origin))
    }

    /// Compiles and loads `component`. The log goes to stderr.
    pub(crate) fn of(
        component: Component,
        optimization: Optimization,
        project: &Project,
        setup: Setup,
        env: &dyn Env,
    ) -> Result<LocalFunction> {
        let lines = SourceLines::of(&component);
        let origin = component.origin.clone();
        let goal = Goal { target: Target::Host, optimization };
        let compiled = Compiled::of(component, goal, &project.config.component, env)?;
        let log = Log::of(&project.config.log, io::stderr(), lines);
        log.forward_tracing();
        LocalFunction::of_compiled(&compiled, &origin, project, setup, log, env)
    }

    /// Loads a compiled component.
    pub(crate) fn of_compiled(
        compiled: &Compiled,
        origin: &ComponentSource,
        project: &Project,
        setup: Setup,
        log: Log,
        env: &dyn Env,
    ) -> Result<LocalFunction> {
        let scratch = TempDir::with_prefix("funcserver-").context("cannot make a temporary folder")?;
        let sandbox = Sandbox {
            memory: setup.memory,
            alone: false,
            concurrency: setup.concurrency,
            // In Lambda, each environment would have this memory for itself.
            sharing: 1,
            runtime_api: None,
            scratch: scratch.path(),
        };
        let mut options = sandbox.guest(&project.config, compiled.facts.as_ref().and_then(Artifact::calls), env)?;
        options.grants.assets = project.assets()?;
        options.grants.sources = setup.sources.as_ref().map(|folder| folder.path().to_owned());
        options.grants.env.extend(setup.variable.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let secrets = project.secrets(env)?;
        let guest = native::load(&sandbox.runtime(&project.config, env)?, &compiled.path, &compiled.bytes, options)?;
        if let Some(refusal) = guest.refusal() {
            bail!("{origin} cannot run: {refusal}");
        }
        if !secrets.is_empty() {
            guest.set_secrets(secrets);
        }
        let others = setup.observer.into_iter().map(|observer| Box::new(observer) as Box<dyn Observer>);
        let host = Host::observed(guest, &project.config, log, others.collect());
        let scratch = Arc::new(scratch);
        let (arn, timeout) = (Function::default().arn(), setup.timeout);
        Ok(LocalFunction { host, arn, timeout, _scratch: scratch, _sources: setup.sources })
    }

    /// Answers one event, as if Lambda sent it now with that request id.
    pub(crate) async fn invoke(&self, id: &str, event: Bytes) -> (Outcome, After) {
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + self.timeout;
        let context = Context {
            request_id: id.to_owned(),
            deadline_ms: u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX),
            trace_id: None,
            function_arn: self.arn.clone(),
            invocation_id: None,
            tenant_id: None,
        };
        self.host.invoke(event, &self.host.invocation(context)).await
    }
}
