//! What an execution environment has for a component, as the engine wants to know it.

use std::path::Path;

use funcserver_engine::{Calls, Grants, GuestOptions, Limits, Network, Runtime};
use http::uri::Authority;

use crate::config::{Config, Env, Missing};

const MIB: usize = 1 << 20;
/// What the host may hold for an instance beside its memory. The heap keeps what it has had, so this is what stays resident
/// after the worst handler.
const HELD: usize = 8 * MIB;
/// Files that all instances together may have open. A process on Lambda may open 1,024, of which 256 are connections;
/// the rest is for what the host itself has open.
const DESCRIPTORS: usize = 640;
const LEAST_DESCRIPTORS: usize = 8;
const MOST_DESCRIPTORS: usize = 256;
/// What is left of the function's memory when a handler is ended for it: a sixteenth, and no more than this.
const MOST_RESERVE: usize = 64 * MIB;

/// What the place in which events are answered has.
#[derive(Clone, Copy, Debug)]
pub struct Sandbox<'a> {
    /// The function's memory, in bytes.
    pub memory: usize,
    /// Whether the process has that memory for itself: then a handler ends before all of it is used.
    pub alone: bool,
    /// Events answered at once.
    pub concurrency: usize,
    /// How many of them share that memory, where an instance's share of it is not set.
    pub sharing: usize,
    /// The address of the Runtime API, where there is one: no component may ever reach it.
    pub runtime_api: Option<&'a Authority>,
    /// The folder in which temporary folders are made, for components that get one.
    pub scratch: &'a Path,
}

impl Sandbox<'_> {
    /// What components with that configuration run on here.
    #[must_use]
    pub fn runtime(&self, config: &Config) -> Runtime {
        Runtime::new(self.limits(config), &self.network(config))
    }

    /// How a component with that configuration is run here. `calls` is how it was compiled, if that is known.
    ///
    /// # Errors
    /// Variables that it is to inherit and a folder that it is to see, which are not there.
    pub fn guest(&self, config: &Config, calls: Option<Calls>, env: &dyn Env) -> Result<GuestOptions, Missing> {
        Ok(GuestOptions {
            grants: Grants {
                env: config.guest.variables(env)?,
                assets: config.guest.assets()?,
                scratch: config.guest.tmp.then(|| self.scratch.to_owned()),
            },
            reuse: config.guest.reuse.clone(),
            calls,
        })
    }

    fn limits(&self, config: &Config) -> Limits {
        Limits {
            memory: config.limits.memory_in(self.memory, self.sharing),
            held: HELD,
            descriptors: (DESCRIPTORS / self.sharing.max(1)).clamp(LEAST_DESCRIPTORS, MOST_DESCRIPTORS),
            resident: self.alone.then(|| self.memory - (self.memory / 16).min(MOST_RESERVE)),
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
