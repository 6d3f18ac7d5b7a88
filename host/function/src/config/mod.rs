//! The configuration: `funcserver.toml`, overridden by `FUNCSERVER_…` variables, read once at start.
//!
//! Mistakes are never ignored: an unknown key, an unknown variable with our prefix and a value that is not allowed are
//! errors, all reported at once, each with its place and with the allowed values.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use funcserver_aws::ContainerError;
use funcserver_engine::{Allow, MissingImports, Proposal, Reuse, SignAws, redacted};
use http::uri::PathAndQuery;

use crate::log::{Format, Level};

mod app;
mod aws;
mod component;
mod deploy;
#[cfg(test)]
mod docs;
mod duration;
mod env;
mod error;
mod event_path;
mod file;
mod lambda;
mod proposals;
mod schema;
mod secret;
mod setting;
mod settings;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod variables;

pub use app::{App, AppLanguage, Import};
pub use aws::AwsEnv;
pub use component::{NotFound, find_component};
pub use deploy::DeployConfig;
pub use duration::{DurationError, duration};
pub use env::{Env, Variables};
pub use error::{ConfigError, ConfigErrors, Hint, Place, Problem};
pub use event_path::EventPath;
pub use file::carried;
pub use lambda::{LambdaEnv, LambdaEnvError};
pub use proposals::NotAllowed;
pub use secret::{SecretReference, SecretReferenceError, SecretService};
pub use setting::{Fallback, Setting};
pub use settings::{OTHER_VARIABLES, SETTINGS};

const MIB: usize = 1024 * 1024;

/// The part of a function's memory that the host itself needs. The rest is for the component. The host has 8 to 24 MB
/// resident after 100 requests (measured); docs/limits.md lists its parts, and explains the reserve.
const HOST_RESERVE: usize = 64 * MIB;

/// The host memory of one event besides its instance: the event, the request's body, the response's body and the reply,
/// each of at most 1 MiB behind a load balancer, and lines of output. Behind other front ends each may have 6 MiB, for
/// which the reserve of the host has room once.
const EVENT_RESERVE: usize = 4 * MIB;

/// The minimum memory of an instance, unless it is set.
const MIN_MEMORY: usize = 16 * MIB;

/// The configuration of one function. [`SETTINGS`] describes each field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The component.
    pub component: ComponentConfig,
    /// The resources that it is granted.
    pub guest: GuestConfig,
    /// The servers that it may reach.
    pub network: NetworkConfig,
    /// Its limits.
    pub limits: LimitsConfig,
    /// How answers are sent.
    pub response: ResponseConfig,
    /// How events of a load balancer are handled.
    pub alb: AlbConfig,
    /// How events that are not HTTP requests are handled.
    pub events: EventsConfig,
    /// The content and format of the log.
    pub log: LogConfig,
    /// How the process runs in Lambda.
    pub lambda: LambdaConfig,
    /// Where the function is in AWS, for the tool. In a box, because the host moves the rest and never looks at it.
    pub deploy: Box<DeployConfig>,
}

/// `[component]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComponentConfig {
    /// The component's file.
    pub path: Option<PathBuf>,
    /// The command that builds it, which only the tool uses.
    pub build: Option<String>,
    /// The app that the tool makes it of.
    pub app: Option<App>,
    /// When the modules of that app are imported.
    pub import: Import,
    /// The request that it answers before the first event.
    pub warmup: Option<PathAndQuery>,
    /// The proposals that it may use, if they are restricted.
    pub proposals: Option<Vec<&'static Proposal>>,
    /// What happens if it imports something that the host does not have.
    pub missing_imports: MissingImports,
}

/// `[guest]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GuestConfig {
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Names of the host's variables that it also gets.
    pub inherit_env: Vec<String>,
    /// Where the values of further variables are stored.
    pub secrets: BTreeMap<String, SecretReference>,
    /// How old these values may be, if they are fetched more than once.
    pub secrets_max_age: Option<Duration>,
    /// The folder that it sees as `/`.
    pub assets: Option<PathBuf>,
    /// Whether it has a folder `/tmp`.
    pub tmp: bool,
    /// The number of requests that one of its instances serves.
    pub reuse: Reuse,
}

/// A resource that the configuration grants to the component but that is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// Variables that the environment does not have.
    #[error(
        "guest.inherit-env names {}, which the environment does not have: set it, or remove it from the list",
        redacted(&.0.join(", "))
    )]
    Variables(Vec<String>),
    /// The folder with the assets.
    #[error(
        "guest.assets is {}, which is not a folder here: create it, or remove the setting; `funcserver bundle` puts \
         its files into the zip",
        redacted(&.0.display().to_string())
    )]
    Assets(PathBuf),
    /// The file with root certificates.
    #[error(
        "network.ca is {}, which is not a file here: put it there, or remove the setting; `funcserver bundle` puts it \
         into the zip",
        redacted(&.0.display().to_string())
    )]
    Ca(PathBuf),
    /// The region of the services whose requests are signed.
    #[error(
        "network.sign-aws names services, whose addresses are those of a region, but {}: set AWS_REGION, as in \
         AWS_REGION=eu-west-1, or write origins such as \"https://dynamodb.eu-west-1.amazonaws.com\"",
        match .0 {
            Some(region) => format!("\"{}\" is none", redacted(region)),
            None => "neither AWS_REGION nor AWS_DEFAULT_REGION is set".to_owned(),
        }
    )]
    Region(Option<String>),
    /// Where the credentials come from, with which requests are signed.
    #[error("network.sign-aws needs the function's AWS credentials: {0}")]
    Credentials(ContainerError),
    /// Variables that would give the component keys, although it gets stand-ins for them.
    #[error(
        "{setting} gives the handler {}, but network.sign-aws gives it stand-ins, so that it has no keys: remove {} from \
         {setting}",
        .names.join(", "),
        if .names.len() == 1 { "it" } else { "them" }
    )]
    Keys {
        /// `guest.env`, `guest.inherit-env` or `guest.secrets`.
        setting: &'static str,
        /// The variables.
        names: Vec<&'static str>,
    },
}

impl GuestConfig {
    /// The names of all variables that it gets, each once and in order.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        self.env.keys().chain(&self.inherit_env).chain(self.secrets.keys()).map(String::as_str).collect()
    }

    /// The component's variables, including those that it inherits from the host's environment, which take precedence. Its
    /// secrets are not among them.
    ///
    /// # Errors
    /// All inherited variables that are not set.
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

    /// The folder that the component sees as `/`, if there is one.
    ///
    /// # Errors
    /// The folder does not exist.
    pub fn assets(&self) -> Result<Option<PathBuf>, Missing> {
        match &self.assets {
            Some(folder) if !folder.is_dir() => Err(Missing::Assets(folder.clone())),
            assets => Ok(assets.clone()),
        }
    }
}

/// `[network]`, and the related part of the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkConfig {
    /// The origins to which the component may send requests, and the servers to which it may connect.
    pub allow: Allow,
    /// The services of AWS and origins whose requests the host signs.
    pub sign_aws: SignAws,
    /// A PEM file with root certificates that are trusted besides the others.
    pub ca: Option<PathBuf>,
    /// The PEM file with the trusted root certificates, if it is set: `SSL_CERT_FILE`.
    pub roots: Option<PathBuf>,
}

impl NetworkConfig {
    /// Checks that the file with root certificates exists.
    ///
    /// # Errors
    /// It does not.
    pub fn check(&self) -> Result<(), Missing> {
        match &self.ca {
            Some(file) if !file.is_file() => Err(Missing::Ca(file.clone())),
            _ => Ok(()),
        }
    }
}

/// `[limits]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Linear memory of one instance, in bytes, if it is set; see [`LimitsConfig::memory_in`].
    pub memory: Option<usize>,
    /// The most TCP connections of one instance.
    pub connections: usize,
    /// The largest reply, in bytes of JSON.
    pub max_reply: usize,
    /// The time before Lambda's deadline at which an answer is due.
    pub deadline_margin: Duration,
    /// A time limit of the host, counted from the event's arrival.
    pub timeout: Option<Duration>,
    /// The answer to a request whose handler fails.
    pub fail: Fail,
}

/// The answer to a request whose handler fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fail {
    /// A reply of the host.
    #[default]
    Reply,
    /// An invocation error.
    Error,
}

/// `[response]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponseConfig {
    /// Whether answers are streamed to the front ends that support it.
    pub stream: bool,
    /// Whether textual answers are compressed for clients that take gzip.
    pub compress: bool,
}

/// `[events]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventsConfig {
    /// The path to which events are posted that are not HTTP requests.
    pub path: Option<EventPath>,
    /// Whether a batch becomes one request for each record.
    pub split: bool,
}

/// `[alb]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlbConfig {
    /// Whether several cookies of one reply get names in different letter cases in single-value mode.
    pub cookie_variants: bool,
    /// The number of trusted proxies in front of the load balancer.
    pub trusted_hops: usize,
}

/// `[lambda]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LambdaConfig {
    /// Whether the process registers as an extension, so that it receives SIGTERM.
    pub extension: bool,
}

/// `[log]`, and Lambda's logging configuration: `AWS_LAMBDA_LOG_FORMAT` and `AWS_LAMBDA_LOG_LEVEL`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogConfig {
    /// Text or JSON. The default is text.
    pub format: Format,
    /// The lowest level that is written. The default is INFO.
    pub level: Level,
    /// Whether failures are counted in CloudWatch.
    pub metrics: bool,
    /// Whether a handler's lines may be metrics of CloudWatch.
    pub handler_metrics: bool,
    /// Whether a crash names all functions on the stack.
    pub backtrace: bool,
}

impl Config {
    /// Reads the settings of a `funcserver.toml` (its path, for errors and relative paths, and its text) and those of
    /// the environment, which take precedence. An empty variable of Lambda's counts as not set.
    ///
    /// # Errors
    /// All mistakes in both, at once.
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
        self.memory.unwrap_or_else(|| share.saturating_sub(EVENT_RESERVE).max(MIN_MEMORY))
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        LimitsConfig {
            memory: None,
            connections: 16,
            max_reply: 6 * MIB,
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
