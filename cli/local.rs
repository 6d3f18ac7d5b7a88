//! A function on this machine: the host that runs in Lambda, in this process, for `serve` and `invoke`.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow};
use bytes::Bytes;
use funcserver_bootstrap::config::Env;
use funcserver_bootstrap::log::Log;
use funcserver_bootstrap::{After, Context, Host, Outcome, start};
use funcserver_engine::{Guest, Limits, Target};
use funcserver_local::{Function, request_id};

use crate::compiled::Compiled;
use crate::component::{Component, Origin};
use crate::project::Project;

/// The memory of the imitated function, in bytes, of which the component's limit follows where none is set.
const MEMORY: usize = 1 << 30;

/// A component that answers events. Clones share it.
#[derive(Clone)]
pub(crate) struct LocalFunction {
    host: Host,
    arn: String,
    timeout: Duration,
}

impl LocalFunction {
    /// Compiles and loads the component that is meant, for as many events at once as `concurrency` says. The log goes to
    /// stderr.
    pub(crate) fn load(
        argument: Option<&Path>,
        timeout: Duration,
        concurrency: usize,
        env: &dyn Env,
    ) -> Result<(LocalFunction, Origin)> {
        let project = Project::read(env)?;
        let component = Component::choose(argument, &project)?;
        let origin = component.origin.clone();
        let compiled = Compiled::of(component, Target::Host, env)?;
        let limits = Limits { concurrency, ..start::limits(&project.config, MEMORY, 1) };
        let guest = Guest::load(&compiled.path, limits).map_err(|error| anyhow!("{error}"))?;
        let log = Log::new(project.config.log.format, project.config.log.level, io::stderr());
        log.forward_tracing(|_| ());
        let host = Host::new(guest, &project.config, log);
        Ok((LocalFunction { host, arn: Function::default().arn(), timeout }, origin))
    }

    /// Answers one event, as Lambda would hand it over now.
    pub(crate) async fn invoke(&self, event: Bytes) -> (Outcome, After) {
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + self.timeout;
        let context = Context {
            request_id: request_id(),
            deadline_ms: u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX),
            trace_id: None,
            function_arn: self.arn.clone(),
        };
        self.host.invoke(event, context).await
    }
}
