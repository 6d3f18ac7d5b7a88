//! Translates the resources of an execution environment into the engine's limits.

use std::path::Path;
use std::sync::Arc;

use funcserver_aws::Provider;
use funcserver_engine::{Calls, Grants, GuestOptions, Limits, MAX_SOCKETS, Network, Runtime, Signing};
use http::uri::Authority;

use crate::config::{AwsEnv, Config, Env, Missing};

const MIB: usize = 1 << 20;
/// The most host memory for an instance, besides its own memory. The heap does not shrink, so this amount stays
/// resident after the worst handler.
const HELD: usize = 8 * MIB;
/// The files that all instances together may have open. A process on Lambda may open 1,024, of which 256 are
/// connections. The rest is for the host itself. Where TCP connections are allowed, they take their number from the files.
const DESCRIPTORS: usize = 640;
const MIN_DESCRIPTORS: usize = 8;
const MAX_DESCRIPTORS: usize = 256;
/// The largest part of the function's memory that is kept free: a sixteenth, and no more than this. A handler ends when
/// it is reached.
const MAX_RESERVE: usize = 64 * MIB;

/// The resources of the environment in which events are answered.
#[derive(Clone, Copy, Debug)]
pub struct Sandbox<'a> {
    /// The function's memory, in bytes.
    pub memory: usize,
    /// Whether the process has that memory for itself. A handler then ends before all of it is used.
    pub alone: bool,
    /// The number of events that are answered at once.
    pub concurrency: usize,
    /// How many of them share that memory, unless an instance's share is set.
    pub sharing: usize,
    /// The address of the Runtime API, if there is one. No component may ever reach it.
    pub runtime_api: Option<&'a Authority>,
    /// The folder for temporary folders, for components that get one.
    pub scratch: &'a Path,
}

impl Sandbox<'_> {
    /// The runtime for components with this configuration.
    ///
    /// # Errors
    /// Requests are to be signed, and the environment does not say how.
    pub fn runtime(&self, config: &Config, env: &dyn Env) -> Result<Runtime, Missing> {
        Ok(Runtime::new(self.limits(config), &self.network(config, env)?))
    }

    /// The options for a component with this configuration. `calls` is how it was compiled, if that is known.
    ///
    /// # Errors
    /// Inherited variables, the assets folder or the root certificates are missing.
    pub fn guest(&self, config: &Config, calls: Option<Calls>, env: &dyn Env) -> Result<GuestOptions, Missing> {
        config.network.check()?;
        let mut variables = config.guest.variables(env)?;
        if !config.network.sign_aws.is_empty() {
            AwsEnv(env).stand_in(&config.guest, &mut variables)?;
        }
        Ok(GuestOptions {
            grants: Grants {
                env: variables,
                assets: config.guest.assets()?,
                sources: None,
                scratch: config.guest.tmp.then(|| self.scratch.to_owned()),
            },
            reuse: config.guest.reuse.clone(),
            calls,
            missing: config.component.missing_imports,
        })
    }

    fn limits(&self, config: &Config) -> Limits {
        let files = DESCRIPTORS - if config.network.allow.has_tcp() { MAX_SOCKETS } else { 0 };
        Limits {
            memory: config.limits.memory_in(self.memory, self.sharing),
            held: HELD,
            descriptors: (files / self.sharing.max(1)).clamp(MIN_DESCRIPTORS, MAX_DESCRIPTORS),
            resident: self.alone.then(|| self.memory - (self.memory / 16).min(MAX_RESERVE)),
            concurrency: self.concurrency,
            shared_requests: if config.events.split { config.guest.reuse.concurrent } else { 0 },
            connections: config.limits.connections,
            ..Limits::default()
        }
    }

    fn network(&self, config: &Config, env: &dyn Env) -> Result<Network, Missing> {
        let sign_aws = &config.network.sign_aws;
        let signing = if sign_aws.is_empty() {
            None
        } else {
            let origins = AwsEnv(env).origins(sign_aws)?;
            let source = AwsEnv(env).credentials().map_err(Missing::Credentials)?;
            Some(Signing { origins, credentials: Arc::new(Provider::new(source)) })
        };
        Ok(Network {
            allow: config.network.allow.clone(),
            signing,
            reserved: self.runtime_api.cloned(),
            roots: config.network.roots.clone(),
            ca: config.network.ca.clone(),
            ..Network::default()
        })
    }
}
