//! The configuration: `funcserver.toml`, overridden by `FUNCSERVER_…` variables, read once at start.
//!
//! Nothing is passed over: an unknown key, an unknown variable with our prefix and a value that is not allowed are
//! errors, all reported at once, each with its place and with what is allowed there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::log::{Format, Level};

mod component;
#[cfg(test)]
mod docs;
mod env;
mod error;
mod file;
mod lambda;
mod setting;
#[cfg(test)]
mod tests;
mod value;
mod variables;

pub use component::{NotFound, find_component};
pub use env::{Env, Variables};
pub use error::{ConfigError, ConfigErrors, Hint, Place, Problem};
pub use file::carried;
pub use lambda::{LambdaEnv, LambdaEnvError};
pub use setting::{Fallback, OTHER_VARIABLES, SETTINGS, Setting};

const MIB: usize = 1024 * 1024;

/// What the host itself needs of a function's memory: the rest is the component's.
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
    /// How much it may use.
    pub limits: LimitsConfig,
    /// How to deal with the load balancer.
    pub alb: AlbConfig,
    /// What to log, and how.
    pub log: LogConfig,
}

/// `[component]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComponentConfig {
    /// The component's file.
    pub path: Option<PathBuf>,
    /// The command that makes it; for the tool only.
    pub build: Option<String>,
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
}

/// `[alb]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlbConfig {
    /// Whether several cookies of one reply get names in different letter cases in single-value mode.
    pub cookie_variants: bool,
    /// How many proxies before the load balancer are trusted.
    pub trusted_hops: usize,
}

/// What Lambda's logging configuration says: `AWS_LAMBDA_LOG_FORMAT` and `AWS_LAMBDA_LOG_LEVEL`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogConfig {
    /// Text or JSON; text if nothing is set.
    pub format: Format,
    /// The least level that is written; INFO if nothing is set.
    pub level: Level,
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
        LimitsConfig { memory: None, max_reply: MIB, deadline_margin: Duration::from_millis(100), timeout: None }
    }
}

impl Default for AlbConfig {
    fn default() -> Self {
        AlbConfig { cookie_variants: true, trusted_hops: 0 }
    }
}
