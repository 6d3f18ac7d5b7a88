//! The configuration: `funcserver.toml`, overridden by `FUNCSERVER_…` variables, read once at start.
//!
//! Nothing is passed over: an unknown key, an unknown variable with our prefix and a value that is not allowed are
//! errors, all reported at once, each with its place and with what is allowed there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use funcserver_engine::{Allow, Proposal, Reuse};
use http::uri::PathAndQuery;

use crate::log::{Format, Level};

mod component;
#[cfg(test)]
mod docs;
mod duration;
mod env;
mod error;
mod file;
mod lambda;
mod proposals;
mod schema;
mod setting;
#[cfg(test)]
mod tests;
mod value;
mod variables;

pub use component::{NotFound, find_component};
pub use duration::{DurationError, duration};
pub use env::{Env, Variables};
pub use error::{ConfigError, ConfigErrors, Hint, Place, Problem};
pub use file::carried;
pub use lambda::{LambdaEnv, LambdaEnvError};
pub use proposals::NotAllowed;
pub use setting::{Fallback, OTHER_VARIABLES, SETTINGS, Setting};

const MIB: usize = 1024 * 1024;

/// What the host itself needs of a function's memory: the rest is the component's. Measured after 100 requests, it has 8 to
/// 24 MB resident; docs/limits.md has the parts, and what the remainder is for.
const HOST_RESERVE: usize = 64 * MIB;

/// What one event holds of the host's memory beside its instance: the event, the request's body, the response's body and
/// the reply, each bounded by the load balancer's 1 MiB or by `limits.max-reply`, and lines of output.
const EVENT_RESERVE: usize = 4 * MIB;

/// The least that an instance gets where nothing else is set.
const LEAST_MEMORY: usize = 16 * MIB;

/// How one function is to be run. [`SETTINGS`] says what each field is called and does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// What to run.
    pub component: ComponentConfig,
    /// What it is given.
    pub guest: GuestConfig,
    /// What it may reach.
    pub network: NetworkConfig,
    /// How much it may use.
    pub limits: LimitsConfig,
    /// How to deal with the load balancer.
    pub alb: AlbConfig,
    /// What to log, and how.
    pub log: LogConfig,
    /// How to live in Lambda.
    pub lambda: LambdaConfig,
}

/// `[component]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComponentConfig {
    /// The component's file.
    pub path: Option<PathBuf>,
    /// The command that makes it; for the tool only.
    pub build: Option<String>,
    /// What it is asked for before the first event.
    pub warmup: Option<PathAndQuery>,
    /// Which proposals it may use, where that is less than all.
    pub proposals: Option<Vec<&'static Proposal>>,
}

/// `[guest]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GuestConfig {
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Names of the host's variables that it gets as well.
    pub inherit_env: Vec<String>,
    /// The folder that it sees as `/`.
    pub assets: Option<PathBuf>,
    /// Whether it has a folder `/tmp`.
    pub tmp: bool,
    /// How many requests one of its instances serves.
    pub reuse: Reuse,
}

/// What the configuration gives to the component, and what is not there to be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// Variables that the environment does not have.
    #[error(
        "guest.inherit-env names {}, which the environment does not have: set it, or take it from the list",
        .0.join(", ")
    )]
    Variables(Vec<String>),
    /// The folder of the assets.
    #[error(
        "guest.assets is {}, which is no folder here: make it, or take the setting away; `funcserver bundle` puts its \
         files into the zip",
        .0.display()
    )]
    Assets(PathBuf),
}

impl GuestConfig {
    /// The variables that the component gets, with those of the host's environment that it inherits, which win.
    ///
    /// # Errors
    /// Each inherited one that is not set.
    pub fn variables(&self, env: &dyn Env) -> Result<Vec<(String, String)>, Missing> {
        let missing: Vec<_> = self.inherit_env.iter().filter(|name| env.get(name).is_none()).cloned().collect();
        if !missing.is_empty() {
            return Err(Missing::Variables(missing));
        }
        let inherited = self.inherit_env.iter().filter_map(|name| Some((name.clone(), env.get(name)?.to_owned())));
        let mut variables = self.env.clone();
        variables.extend(inherited);
        Ok(variables.into_iter().collect())
    }

    /// The folder that the component sees as `/`, if it sees one.
    ///
    /// # Errors
    /// There is no such folder.
    pub fn assets(&self) -> Result<Option<PathBuf>, Missing> {
        match &self.assets {
            Some(folder) if !folder.is_dir() => Err(Missing::Assets(folder.clone())),
            assets => Ok(assets.clone()),
        }
    }
}

/// `[network]`, and what the environment says of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkConfig {
    /// Where the component may send requests.
    pub allow: Allow,
    /// The PEM file of the root certificates that are trusted, where it is set: `SSL_CERT_FILE`.
    pub roots: Option<PathBuf>,
}

/// `[limits]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Linear memory of one instance, in bytes, where it is set; see [`LimitsConfig::memory_in`].
    pub memory: Option<usize>,
    /// The largest reply, in bytes of JSON.
    pub max_reply: usize,
    /// How long before Lambda's deadline ours is.
    pub deadline_margin: Duration,
    /// A deadline of our own, counted from the event's arrival.
    pub timeout: Option<Duration>,
    /// What becomes of a request whose handler fails.
    pub fail: Fail,
}

/// What becomes of a request whose handler fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fail {
    /// A reply of the host's own.
    #[default]
    Reply,
    /// An invocation error.
    Error,
}

/// `[alb]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlbConfig {
    /// Whether several cookies of one reply get names in different letter cases in single-value mode.
    pub cookie_variants: bool,
    /// How many proxies before the load balancer are trusted.
    pub trusted_hops: usize,
}

/// `[lambda]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LambdaConfig {
    /// Whether the process registers as an extension, so that it is told of its end.
    pub extension: bool,
}

/// `[log]`, and what Lambda's logging configuration says: `AWS_LAMBDA_LOG_FORMAT` and `AWS_LAMBDA_LOG_LEVEL`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogConfig {
    /// Text or JSON; text if nothing is set.
    pub format: Format,
    /// The least level that is written; INFO if nothing is set.
    pub level: Level,
    /// Whether failures are counted in CloudWatch.
    pub metrics: bool,
    /// Whether a handler's lines may be metrics of CloudWatch.
    pub handler_metrics: bool,
    /// Whether a crash names all functions that were running.
    pub backtrace: bool,
}

impl Config {
    /// Reads the settings of a `funcserver.toml` (its path, for errors and relative paths, and its text) and those of
    /// the environment, which win. A variable of Lambda's that is empty counts as not set.
    ///
    /// # Errors
    /// All that is wrong with both, at once.
    pub fn read(file: Option<(&Path, &str)>, env: &dyn Env) -> Result<Config, ConfigErrors> {
        let mut config = Config::default();
        let mut errors = Vec::new();
        if let Some((path, text)) = file {
            errors.extend(file::apply(&mut config, path, text));
        }
        errors.extend(variables::apply(&mut config, env));
        ConfigErrors::check(errors).map(|()| config)
    }
}

impl LimitsConfig {
    /// The linear memory of one instance, in bytes, in a function that has `function` bytes of memory and answers
    /// `concurrency` events at once: (memory − 64 MiB) ÷ concurrency − 4 MiB, and at least 16 MiB.
    pub fn memory_in(&self, function: usize, concurrency: usize) -> usize {
        let share = function.saturating_sub(HOST_RESERVE) / concurrency.max(1);
        self.memory.unwrap_or_else(|| share.saturating_sub(EVENT_RESERVE).max(LEAST_MEMORY))
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        LimitsConfig {
            memory: None,
            max_reply: MIB,
            deadline_margin: Duration::from_millis(100),
            timeout: None,
            fail: Fail::Reply,
        }
    }
}

impl Default for AlbConfig {
    fn default() -> Self {
        AlbConfig { cookie_variants: true, trusted_hops: 0 }
    }
}
