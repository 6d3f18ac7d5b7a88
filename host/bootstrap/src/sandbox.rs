//! What an execution environment has for a component, as the engine wants to know it.

use std::path::Path;

use funcserver_engine::{Grants, Limits, Network, Options};
use http::uri::Authority;

use crate::config::{Config, Env, Missing};

/// What the place in which events are answered has.
#[derive(Clone, Copy, Debug)]
pub struct Sandbox<'a> {
    /// The function's memory, in bytes.
    pub memory: usize,
    /// Events answered at once, which share that memory.
    pub concurrency: usize,
    /// The address of the Runtime API, where there is one: no component may ever reach it.
    pub runtime_api: Option<&'a Authority>,
    /// The folder in which temporary folders are made, for components that get one.
    pub scratch: &'a Path,
}

impl Sandbox<'_> {
    /// How a component with that configuration is run here.
    ///
    /// # Errors
    /// Variables that it is to inherit and a folder that it is to see, which are not there.
    pub fn options(&self, config: &Config, env: &dyn Env) -> Result<Options, Missing> {
        Ok(Options {
            limits: self.limits(config),
            network: self.network(config),
            grants: Grants {
                env: config.guest.variables(env)?,
                assets: config.guest.assets()?,
                scratch: config.guest.tmp.then(|| self.scratch.to_owned()),
            },
            reuse: config.guest.reuse.clone(),
        })
    }

    fn limits(&self, config: &Config) -> Limits {
        Limits {
            memory: config.limits.memory_in(self.memory, self.concurrency),
            response_body: config.limits.max_reply,
            concurrency: self.concurrency,
            ..Limits::default()
        }
    }

    fn network(&self, config: &Config) -> Network {
        Network {
            allow: config.network.allow.clone(),
            reserved: self.runtime_api.cloned(),
            roots: config.network.roots.clone(),
            ..Network::default()
        }
    }
}
