//! One table of all settings. The reader, its errors and the documentation are derived from it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use funcserver_engine::{Allow, MissingImports, Proposal, SignAws};
use http::uri::PathAndQuery;

use super::duration::DurationError;
use super::error::shown;
use super::value::{Written, size_text, time_text};
use super::{App, Config, EventPath, Fail, Import, SecretReference, proposals};

/// The age that nothing reaches.
pub(super) const NEVER: &str = "never";

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// One setting: its names, values and effect.
#[derive(Debug)]
pub struct Setting {
    /// Its key in `funcserver.toml`: `section.key`.
    pub key: &'static str,
    /// The environment variable that overrides the file.
    pub variable: &'static str,
    /// Whether the zip's `funcserver.toml` contains it. The others are only for the tool.
    pub carried: bool,
    /// Its default.
    pub default: Fallback,
    /// Its documentation.
    pub doc: &'static str,
    kind: Kind,
}

/// The default of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// A value, as a user would write it in the file.
    Value(&'static str),
    /// A rule, in words.
    Rule(&'static str),
}

/// The type of a setting's values, and the field of `Config` for it.
#[derive(Debug)]
pub(super) enum Kind {
    Path { endings: [&'static str; 2], slot: fn(&mut Config) -> &mut Option<PathBuf> },
    Target { slot: fn(&mut Config) -> &mut Option<PathAndQuery> },
    EventPath { slot: fn(&mut Config) -> &mut Option<EventPath> },
    Command { slot: fn(&mut Config) -> &mut Option<String> },
    App { slot: fn(&mut Config) -> &mut Option<App> },
    Flag { slot: fn(&mut Config) -> &mut bool },
    Count { range: RangeInclusive<u64>, set: fn(&mut Config, usize) },
    Size { range: RangeInclusive<u64>, set: fn(&mut Config, usize) },
    Time { range: RangeInclusive<u64>, set: fn(&mut Config, Duration) },
    Age { range: RangeInclusive<u64>, slot: fn(&mut Config) -> &mut Option<Duration> },
    Origins { set: fn(&mut Config, Allow) },
    SignAws { slot: fn(&mut Config) -> &mut SignAws },
    Folder { slot: fn(&mut Config) -> &mut Option<PathBuf> },
    File { slot: fn(&mut Config) -> &mut Option<PathBuf> },
    Proposals { slot: fn(&mut Config) -> &mut Option<Vec<&'static Proposal>> },
    Names { slot: fn(&mut Config) -> &mut Vec<String> },
    Pairs { slot: fn(&mut Config) -> &mut BTreeMap<String, String> },
    Secrets { slot: fn(&mut Config) -> &mut BTreeMap<String, SecretReference> },
    Choice { names: [&'static str; 2], set: fn(&mut Config, &str) },
}

/// All settings, in the order of the documentation.
pub static SETTINGS: &[Setting] = &[
    Setting {
        key: "component.path",
        variable: "FUNCSERVER_COMPONENT",
        carried: false,
        default: Fallback::Rule("the tool: its example; in Lambda: see [below](#finding-the-component)"),
        doc: "The component. A relative path starts from the folder of the file, or from the working folder if the variable names it.",
        kind: Kind::Path { endings: ["wasm", "cwasm"], slot: |config| &mut config.component.path },
    },
    Setting {
        key: "component.build",
        variable: "FUNCSERVER_COMPONENT_BUILD",
        carried: false,
        default: Fallback::Rule("none"),
        doc: "The command that builds the component, run in the folder of the file: always by `build` and `bundle`, and by `serve --watch` when a source has changed.",
        kind: Kind::Command { slot: |config| &mut config.component.build },
    },
    Setting {
        key: "component.app",
        variable: "FUNCSERVER_COMPONENT_APP",
        carried: false,
        default: Fallback::Rule("none"),
        doc: "Your app, which `funcserver` makes the component of; see [below](#an-app). It takes the place of `component.build`.",
        kind: Kind::App { slot: |config| &mut config.component.app },
    },
    Setting {
        key: "component.import",
        variable: "FUNCSERVER_COMPONENT_IMPORT",
        carried: false,
        default: Fallback::Value("build"),
        doc: "When the modules of `component.app` are imported, or a program in Go is pre-initialised: once, when the component is built, or at the start of each instance; see [below](#when-an-app-is-imported).",
        kind: Kind::Choice {
            names: ["build", "start"],
            set: |config, name| config.component.import = if name == "start" { Import::Start } else { Import::Build },
        },
    },
    Setting {
        key: "component.warmup",
        variable: "FUNCSERVER_COMPONENT_WARMUP",
        carried: true,
        default: Fallback::Rule("none"),
        doc: "The path of a request that the component answers in Lambda before the first event; see [handlers](handlers.md#the-warm-up).",
        kind: Kind::Target { slot: |config| &mut config.component.warmup },
    },
    Setting {
        key: "component.proposals",
        variable: "FUNCSERVER_COMPONENT_PROPOSALS",
        carried: true,
        default: Fallback::Rule("all that wasmtime enables: each of these"),
        doc: "The WebAssembly proposals that the component may use. A component that uses another one is rejected when it is compiled and when the function starts; see [below](#proposals).",
        kind: Kind::Proposals { slot: |config| &mut config.component.proposals },
    },
    Setting {
        key: "component.missing-imports",
        variable: "FUNCSERVER_COMPONENT_MISSING_IMPORTS",
        carried: true,
        default: Fallback::Value("refuse"),
        doc: "What happens if the component imports something that the host does not have: it is rejected when it is compiled and when the function starts, or it ends when it calls a missing function; see [below](#missing-imports).",
        kind: Kind::Choice {
            names: ["refuse", "trap"],
            set: |config, name| {
                config.component.missing_imports =
                    if name == "trap" { MissingImports::Trap } else { MissingImports::Refuse };
            },
        },
    },
    Setting {
        key: "guest.env",
        variable: "FUNCSERVER_GUEST_ENV",
        carried: true,
        default: Fallback::Rule("none"),
        doc: "Environment variables of the component, also available in `wasi:config/store`. The zip contains them in plain text, so do not put secrets here: [`guest.secrets`](secrets.md) is for them.",
        kind: Kind::Pairs { slot: |config| &mut config.guest.env },
    },
    Setting {
        key: "guest.inherit-env",
        variable: "FUNCSERVER_GUEST_INHERIT_ENV",
        carried: true,
        default: Fallback::Rule("none: the component sees nothing of the function's environment"),
        doc: "Variables of the function's own environment that the component also gets. A missing variable is an error at start. Their values are never logged.",
        kind: Kind::Names { slot: |config| &mut config.guest.inherit_env },
    },
    Setting {
        key: "guest.secrets",
        variable: "FUNCSERVER_GUEST_SECRETS",
        carried: true,
        default: Fallback::Rule("none"),
        doc: "Environment variables of the component whose values are in AWS Secrets Manager or Parameter Store. They are fetched when the function starts; the zip contains only these names. See [secrets](secrets.md).",
        kind: Kind::Secrets { slot: |config| &mut config.guest.secrets },
    },
    Setting {
        key: "guest.secrets-max-age",
        variable: "FUNCSERVER_GUEST_SECRETS_MAX_AGE",
        carried: true,
        default: Fallback::Value("never"),
        doc: "How old the values of `guest.secrets` may be. Older ones are fetched again between two events; see [secrets](secrets.md#rotation).",
        kind: Kind::Age { range: 1_000..=86_400_000, slot: |config| &mut config.guest.secrets_max_age },
    },
    Setting {
        key: "guest.assets",
        variable: "FUNCSERVER_GUEST_ASSETS",
        carried: true,
        default: Fallback::Rule("none: the component sees no files"),
        doc: "A folder of the project that is packed into the zip. The component sees it as `/` and can only read it.",
        kind: Kind::Folder { slot: |config| &mut config.guest.assets },
    },
    Setting {
        key: "guest.tmp",
        variable: "FUNCSERVER_GUEST_TMP",
        carried: true,
        default: Fallback::Value("false"),
        doc: "Whether the component has a folder `/tmp` in which it may write. It is empty for every request. Its size counts against the function's ephemeral storage.",
        kind: Kind::Flag { slot: |config| &mut config.guest.tmp },
    },
    Setting {
        key: "guest.reuse",
        variable: "FUNCSERVER_GUEST_REUSE",
        carried: true,
        default: Fallback::Value("1"),
        doc: "How many requests one instance of the component answers before a new one takes its place. 1 is a fresh instance for every request. With more, later requests see [what an instance keeps](handlers.md#several-requests-one-instance).",
        kind: Kind::Count { range: 1..=1_000_000, set: |config, requests| config.guest.reuse.requests = requests },
    },
    Setting {
        key: "guest.idle",
        variable: "FUNCSERVER_GUEST_IDLE",
        carried: true,
        default: Fallback::Rule("no limit"),
        doc: "How long an instance may be idle. If it was idle for longer when the next request arrives, it is dropped, and the request gets a new one.",
        kind: Kind::Time { range: 1..=86_400_000, set: |config, time| config.guest.reuse.idle = Some(time) },
    },
    Setting {
        key: "guest.concurrent",
        variable: "FUNCSERVER_GUEST_CONCURRENT",
        carried: true,
        default: Fallback::Value("1"),
        doc: "How many requests one instance of a component of `wasi:http` 0.3 answers at once, if several events are answered at once, or the records of a batch one by one (`events.split`); see [handlers](handlers.md#several-requests-at-once). `guest.reuse` must be at least as large.",
        kind: Kind::Count { range: 1..=1_000, set: |config, requests| config.guest.reuse.concurrent = requests },
    },
    Setting {
        key: "network.allow",
        variable: "FUNCSERVER_NETWORK_ALLOW",
        carried: true,
        default: Fallback::Rule("none: every outgoing request is denied"),
        doc: "The origins to which the component may send requests, and the servers to which it may open TCP connections; see [below](#the-network).",
        kind: Kind::Origins { set: |config, allow| config.network.allow = allow },
    },
    Setting {
        key: "network.sign-aws",
        variable: "FUNCSERVER_NETWORK_SIGN_AWS",
        carried: true,
        default: Fallback::Rule("none: the host signs nothing"),
        doc: "Services of AWS, such as `dynamodb`, and origins. The component may send requests to them, and the host signs these with the function's credentials, which the component does not see; see [below](#requests-to-aws).",
        kind: Kind::SignAws { slot: |config| &mut config.network.sign_aws },
    },
    Setting {
        key: "network.ca",
        variable: "FUNCSERVER_NETWORK_CA",
        carried: true,
        default: Fallback::Rule("none: the system's root certificates"),
        doc: "A PEM file of the project that is packed into the zip: root certificates that are trusted besides the system's. A database often has one of its own, as Amazon RDS does.",
        kind: Kind::File { slot: |config| &mut config.network.ca },
    },
    Setting {
        key: "limits.memory",
        variable: "FUNCSERVER_LIMITS_MEMORY",
        carried: true,
        default: Fallback::Rule("(the function's memory - 64MiB) / events at once - 4MiB, at least 16MiB"),
        doc: "The linear memory that one instance of the component may have. If a request needs more, its answer is 500.",
        kind: Kind::Size { range: MIB..=10 * KIB * MIB, set: |config, bytes| config.limits.memory = Some(bytes) },
    },
    Setting {
        key: "limits.connections",
        variable: "FUNCSERVER_LIMITS_CONNECTIONS",
        carried: true,
        default: Fallback::Value("16"),
        doc: "How many TCP connections one instance of the component may have. Another one is refused.",
        kind: Kind::Count { range: 1..=128, set: |config, connections| config.limits.connections = connections },
    },
    Setting {
        key: "limits.max-reply",
        variable: "FUNCSERVER_LIMITS_MAX_REPLY",
        carried: true,
        default: Fallback::Value("6MiB"),
        doc: "The largest reply, as the JSON that goes to the front end. A larger one becomes a 502. A load balancer accepts at most 1MiB whatever this says, Lambda 6MiB.",
        kind: Kind::Size { range: KIB..=6 * MIB, set: |config, bytes| config.limits.max_reply = bytes },
    },
    Setting {
        key: "limits.deadline-margin",
        variable: "FUNCSERVER_LIMITS_DEADLINE_MARGIN",
        carried: true,
        default: Fallback::Value("100ms"),
        doc: "How long before Lambda's own deadline an unfinished request is answered with 504.",
        kind: Kind::Time { range: 0..=60_000, set: |config, time| config.limits.deadline_margin = time },
    },
    Setting {
        key: "limits.timeout",
        variable: "FUNCSERVER_LIMITS_TIMEOUT",
        carried: true,
        default: Fallback::Rule("only Lambda's deadline applies"),
        doc: "How long a request may take before it is answered with 504, if that is before Lambda's deadline.",
        kind: Kind::Time { range: 1..=900_000, set: |config, time| config.limits.timeout = Some(time) },
    },
    Setting {
        key: "limits.fail",
        variable: "FUNCSERVER_LIMITS_FAIL",
        carried: true,
        default: Fallback::Value("reply"),
        doc: "The answer to a request whose handler fails: a reply of the host (500, 502 or 504), or an invocation error, which the load balancer answers with 502 and Lambda counts in its metric Errors.",
        kind: Kind::Choice {
            names: ["reply", "error"],
            set: |config, name| config.limits.fail = if name == "error" { Fail::Error } else { Fail::Reply },
        },
    },
    Setting {
        key: "response.stream",
        variable: "FUNCSERVER_RESPONSE_STREAM",
        carried: true,
        default: Fallback::Value("false"),
        doc: "Whether answers are streamed to function URLs and REST APIs, which must be configured for it; other front ends get them whole. See [handlers](handlers.md#streaming).",
        kind: Kind::Flag { slot: |config| &mut config.response.stream },
    },
    Setting {
        key: "response.compress",
        variable: "FUNCSERVER_RESPONSE_COMPRESS",
        carried: true,
        default: Fallback::Value("false"),
        doc: "Whether textual answers above 1 KiB are compressed with gzip for clients that take it; see [handlers](handlers.md#compression).",
        kind: Kind::Flag { slot: |config| &mut config.response.compress },
    },
    Setting {
        key: "alb.cookie-variants",
        variable: "FUNCSERVER_ALB_COOKIE_VARIANTS",
        carried: true,
        default: Fallback::Value("true"),
        doc: "Whether a reply with several cookies in single-value header mode spells `set-cookie` in different letter cases, so that every cookie reaches the client. Otherwise only the last one does.",
        kind: Kind::Flag { slot: |config| &mut config.alb.cookie_variants },
    },
    Setting {
        key: "alb.trusted-hops",
        variable: "FUNCSERVER_ALB_TRUSTED_HOPS",
        carried: true,
        default: Fallback::Value("0"),
        doc: "How many of your own proxies, such as a CDN, are in front of the load balancer: the client's address is that many entries before the last of `X-Forwarded-For`.",
        kind: Kind::Count { range: 0..=100, set: |config, hops| config.alb.trusted_hops = hops },
    },
    Setting {
        key: "events.path",
        variable: "FUNCSERVER_EVENTS_PATH",
        carried: true,
        default: Fallback::Rule("none: such an event is an invocation error"),
        doc: "The path to which events are posted that are not HTTP requests; see [events](events.md). Clients get 404 for it.",
        kind: Kind::EventPath { slot: |config| &mut config.events.path },
    },
    Setting {
        key: "events.split",
        variable: "FUNCSERVER_EVENTS_SPLIT",
        carried: true,
        default: Fallback::Value("false"),
        doc: "Whether a batch of SQS, Kinesis or DynamoDB streams becomes one request for each record, and the host reports those that failed; see [events](events.md#batches).",
        kind: Kind::Flag { slot: |config| &mut config.events.split },
    },
    Setting {
        key: "log.metrics",
        variable: "FUNCSERVER_LOG_METRICS",
        carried: true,
        default: Fallback::Value("false"),
        doc: "Whether each failure of a handler is counted in CloudWatch, by its kind, in the namespace `funcserver`: one line in embedded metric format. AWS bills custom metrics.",
        kind: Kind::Flag { slot: |config| &mut config.log.metrics },
    },
    Setting {
        key: "log.handler-metrics",
        variable: "FUNCSERVER_LOG_HANDLER_METRICS",
        carried: true,
        default: Fallback::Value("false"),
        doc: "Whether a handler's own line in embedded metric format becomes a metric of CloudWatch, in any namespace but `funcserver`. Otherwise its member `_aws` is kept as `guest__aws`, which is no metric. AWS bills custom metrics.",
        kind: Kind::Flag { slot: |config| &mut config.log.handler_metrics },
    },
    Setting {
        key: "log.backtrace",
        variable: "FUNCSERVER_LOG_BACKTRACE",
        carried: true,
        default: Fallback::Value("false"),
        doc: "Whether the record of a crash names all functions that were running, in the field `backtrace`. Otherwise it names the innermost three of the handler's own, in the field `at`.",
        kind: Kind::Flag { slot: |config| &mut config.log.backtrace },
    },
    Setting {
        key: "lambda.extension",
        variable: "FUNCSERVER_LAMBDA_EXTENSION",
        carried: true,
        default: Fallback::Value("false"),
        doc: "Whether the process registers as an internal extension. Only then does Lambda send it SIGTERM before it ends the environment, which the log reports. Registering costs two requests at start.",
        kind: Kind::Flag { slot: |config| &mut config.lambda.extension },
    },
];

/// Variables with our prefix that are not settings: they describe the machine to the tool, not a function.
pub const OTHER_VARIABLES: &[(&str, &str)] = &[(
    "FUNCSERVER_BOOTSTRAP_DIR",
    "The folder in which `funcserver bundle` looks first for `bootstrap-x86_64` and `bootstrap-arm64`.",
)];

impl Setting {
    pub(super) fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Whether errors must not show its value: variables of the handler may be secrets of any form, and a secret may be
    /// written where its name belongs.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Pairs { .. } | Kind::Secrets { .. })
    }

    /// The allowed values, as the end of an error message.
    pub fn allowed(&self) -> String {
        let span = |range: &RangeInclusive<u64>, text: fn(u64) -> String| {
            format!("from {} to {}", text(*range.start()), text(*range.end()))
        };
        match &self.kind {
            Kind::Path { endings: [one, other], .. } => format!("the path of a .{one} or .{other} file"),
            Kind::Target { .. } => r#"a path such as "/ready", with a query if need be"#.into(),
            Kind::EventPath { .. } => EventPath::ALLOWED.into(),
            Kind::Command { .. } => "a command as one text".into(),
            Kind::App { .. } => App::ALLOWED.into(),
            Kind::Flag { .. } => "true or false".into(),
            Kind::Count { range, .. } => format!("a whole number {}", span(range, |number| number.to_string())),
            Kind::Size { range, .. } => format!("a size {}, as \"1MiB\" or in bytes", span(range, size_text)),
            Kind::Time { range, .. } => {
                format!("a duration {}, with its unit, as \"2s\" or \"100ms\"", span(range, time_text))
            }
            Kind::Age { range, .. } => {
                format!("\"never\", or a duration {}, with its unit, as \"5m\"", span(range, time_text))
            }
            Kind::Folder { .. } => "the relative path of a folder".into(),
            Kind::File { .. } => "the relative path of a file".into(),
            Kind::Names { .. } => r#"a list of names such as "STAGE", "API_KEY""#.into(),
            Kind::Pairs { .. } => r#"names with texts, as `{ STAGE = "test" }`; in the variable a JSON object"#.into(),
            Kind::Secrets { .. } => {
                r#"names with places, as `{ DB_PASSWORD = "secretsmanager:prod/db#password", API_KEY = "ssm:/prod/key" }`; in the variable a JSON object"#.into()
            }
            Kind::Choice { names: [one, other], .. } => format!("\"{one}\" or \"{other}\""),
            Kind::Proposals { .. } => format!("a list of {}", proposals::known()),
            Kind::SignAws { .. } => {
                r#"a list such as "dynamodb", "s3", "https://shop.s3.eu-west-1.amazonaws.com""#.into()
            }
            Kind::Origins { .. } => {
                r#"a list such as "https://api.example.com", "*.example.com:443", "postgres://db.example.com:5432""#
                    .into()
            }
        }
    }

    /// Stores a value in the configuration. Relative paths start from `folder`.
    ///
    /// # Errors
    /// The value is not allowed. The error is [`Setting::allowed`], followed by the exact problem if necessary.
    pub(super) fn apply(&self, config: &mut Config, written: Written<'_>, folder: &Path) -> Result<(), String> {
        match (&self.kind, written.list()) {
            (Kind::Origins { set }, Some(list)) => {
                let allow = Allow::parse(list).map_err(|error| format!("{}; {error}", self.allowed()))?;
                set(config, allow);
                return Ok(());
            }
            (Kind::SignAws { slot }, Some(list)) => {
                *slot(config) = SignAws::parse(list).map_err(|error| format!("{}; {error}", self.allowed()))?;
                return Ok(());
            }
            (Kind::Proposals { slot }, Some(list)) => {
                let known = proposals::parse(&list);
                let known =
                    known.map_err(|name| format!("{}; \"{}\" is not one of them", self.allowed(), shown(name)))?;
                *slot(config) = Some(known);
                return Ok(());
            }
            (Kind::Secrets { slot }, _) => {
                let secrets = secrets(written).map_err(|problem| self.allowed() + &problem)?;
                *slot(config) = secrets;
                return Ok(());
            }
            _ => {}
        }
        if let (Kind::Time { .. } | Kind::Age { .. }, Err(error @ DurationError::NoUnit(_))) =
            (&self.kind, written.duration())
        {
            return Err(format!("{}; {error}", self.allowed()));
        }
        self.put(config, written, folder).ok_or_else(|| self.allowed())
    }

    fn put(&self, config: &mut Config, written: Written<'_>, folder: &Path) -> Option<()> {
        match &self.kind {
            Kind::Path { endings, slot } => {
                let path = Path::new(written.text()?);
                let fits = path.extension().is_some_and(|ending| endings.iter().any(|allowed| ending == *allowed));
                *slot(config) = Some(fits.then(|| folder.join(path))?);
            }
            Kind::Target { slot } => {
                let text = written.text()?;
                *slot(config) = Some(text.starts_with('/').then(|| text.parse().ok())??);
            }
            Kind::EventPath { slot } => *slot(config) = Some(written.text()?.parse().ok()?),
            Kind::Command { slot } => *slot(config) = Some(written.text()?.to_owned()),
            Kind::App { slot } => *slot(config) = Some(written.text()?.parse().ok()?),
            Kind::Flag { slot } => *slot(config) = written.flag()?,
            Kind::Count { range, set } => set(config, within(range, written.count()?)?),
            Kind::Size { range, set } => set(config, within(range, written.size()?)?),
            Kind::Time { range, set } => {
                let time = written.duration().ok()?;
                set(config, lasts(range, time).then_some(time)?);
            }
            Kind::Age { slot, .. } if written.text() == Some(NEVER) => *slot(config) = None,
            Kind::Age { range, slot } => {
                let time = written.duration().ok()?;
                *slot(config) = Some(lasts(range, time).then_some(time)?);
            }
            Kind::Folder { slot } | Kind::File { slot } => {
                let path = Path::new(written.text()?);
                let inside = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
                *slot(config) = Some(inside.then(|| folder.join(path))?);
            }
            Kind::Names { slot } => {
                let names: Vec<String> = written.list()?.into_iter().map(str::to_owned).collect();
                *slot(config) = names.iter().all(|name| is_name(name)).then_some(names)?;
            }
            Kind::Pairs { slot } => {
                let pairs = written.pairs()?;
                let fit = pairs.iter().all(|(name, value)| is_name(name) && !value.contains('\0'));
                *slot(config) = fit.then_some(pairs)?;
            }
            Kind::Choice { names, set } => set(config, names.iter().find(|name| written.text() == Some(name))?),
            Kind::Origins { .. } | Kind::SignAws { .. } | Kind::Proposals { .. } | Kind::Secrets { .. } => return None,
        }
        Some(())
    }
}

/// The references of a table or JSON object.
///
/// # Errors
/// The problem with one of them, as the end of a message, without its value.
fn secrets(written: Written<'_>) -> Result<BTreeMap<String, SecretReference>, String> {
    let pairs = written.pairs().ok_or_else(String::new)?;
    let read = |(name, text): (String, String)| {
        if !is_name(&name) {
            return Err(format!("; \"{}\" is not the name of a variable", shown(&name)));
        }
        match text.parse() {
            Ok(reference) => Ok((name, reference)),
            Err(problem) => Err(format!("; {} {problem}", shown(&name))),
        }
    };
    pairs.into_iter().map(read).collect()
}

/// Whether an environment can contain a variable with this name.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

/// Whether a duration is in a range of milliseconds.
fn lasts(range: &RangeInclusive<u64>, time: Duration) -> bool {
    u64::try_from(time.as_millis()).is_ok_and(|time| range.contains(&time))
}

fn within(range: &RangeInclusive<u64>, number: u64) -> Option<usize> {
    usize::try_from(number).ok().filter(|_| range.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(key: &str, value: &str) -> Option<Config> {
        let setting = SETTINGS.iter().find(|setting| setting.key == key).expect("a setting has this key");
        let mut config = Config::default();
        setting.apply(&mut config, Written::Variable(value), Path::new("project")).ok()?;
        Some(config)
    }

    #[test]
    fn variables_are_spelt_like_their_keys() {
        for setting in SETTINGS.iter().filter(|setting| setting.key != "component.path") {
            let spelt = setting.key.replace(['.', '-'], "_").to_uppercase();
            assert_eq!(setting.variable, format!("FUNCSERVER_{spelt}"));
        }
    }

    #[test]
    fn keys_and_variables_are_unique() {
        let mut names: Vec<_> = SETTINGS.iter().flat_map(|setting| [setting.key, setting.variable]).collect();
        names.extend(OTHER_VARIABLES.iter().map(|(name, _)| name));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn the_defaults_of_the_table_are_those_of_the_code() {
        for setting in SETTINGS {
            if let Fallback::Value(value) = setting.default {
                let config = apply(setting.key, value).expect("a default is allowed");
                assert_eq!(config, Config::default(), "{}", setting.key);
            }
        }
    }

    #[test]
    fn every_setting_reaches_its_place() {
        let default = Config::default();
        let examples = [
            ("component.path", "a.wasm"),
            ("component.build", "make"),
            ("component.app", "shop.wsgi:app"),
            ("component.import", "start"),
            ("component.warmup", "/ready?quick"),
            ("component.proposals", "simd,gc"),
            ("component.missing-imports", "trap"),
            ("guest.env", r#"{"STAGE": "test"}"#),
            ("guest.inherit-env", "STAGE"),
            ("guest.secrets", r#"{"DB_PASSWORD": "secretsmanager:prod/db#password"}"#),
            ("guest.secrets-max-age", "5m"),
            ("guest.assets", "public"),
            ("guest.tmp", "true"),
            ("guest.reuse", "1000"),
            ("guest.idle", "60s"),
            ("guest.concurrent", "4"),
            ("network.allow", "https://api.example.com"),
            ("network.sign-aws", "dynamodb,https://shop.s3.eu-west-1.amazonaws.com"),
            ("network.ca", "certificates/root.pem"),
            ("limits.memory", "1GiB"),
            ("limits.connections", "4"),
            ("limits.max-reply", "1KiB"),
            ("limits.deadline-margin", "5ms"),
            ("limits.timeout", "5ms"),
            ("limits.fail", "error"),
            ("response.stream", "true"),
            ("response.compress", "true"),
            ("alb.cookie-variants", "false"),
            ("alb.trusted-hops", "2"),
            ("events.path", "/events/{source}"),
            ("events.split", "true"),
            ("log.metrics", "true"),
            ("log.handler-metrics", "true"),
            ("log.backtrace", "true"),
            ("lambda.extension", "true"),
        ];
        assert_eq!(
            examples.map(|(key, _)| key).to_vec(),
            SETTINGS.iter().map(|setting| setting.key).collect::<Vec<_>>()
        );
        for (key, value) in examples {
            assert_ne!(apply(key, value).expect("an example is allowed"), default, "{key}");
        }
    }

    #[test]
    fn ranges_include_their_ends_and_nothing_beyond() {
        let cases = [
            ("guest.reuse", ["1", "1000000"], ["0", "1000001"]),
            ("guest.idle", ["1ms", "86400s"], ["0ms", "86401s"]),
            ("guest.secrets-max-age", ["1s", "1440m"], ["999ms", "86401s"]),
            ("guest.concurrent", ["1", "1000"], ["0", "1001"]),
            ("limits.memory", ["1MiB", "10GiB"], ["1048575", "10737418241"]),
            ("limits.connections", ["1", "128"], ["0", "129"]),
            ("limits.max-reply", ["1KiB", "6MiB"], ["1023", "6291457"]),
            ("limits.deadline-margin", ["0ms", "1m"], ["-1ms", "60001ms"]),
            ("limits.timeout", ["1ms", "15m"], ["0s", "901s"]),
            ("alb.trusted-hops", ["0", "100"], ["-1", "101"]),
        ];
        for (key, inside, outside) in cases {
            for (inside, outside) in inside.iter().zip(outside) {
                assert!(apply(key, inside).is_some(), "{key} {inside}");
                assert!(apply(key, outside).is_none(), "{key} {outside}");
            }
        }
    }

    #[test]
    fn assets_are_a_folder_inside_the_project() {
        let assets = |value| apply("guest.assets", value).and_then(|config| config.guest.assets);
        assert_eq!(assets("public/site"), Some("project/public/site".into()));
        for value in ["", "/etc", "../other", "public/../.."] {
            assert_eq!(assets(value), None, "{value}");
        }
    }

    #[test]
    fn names_of_variables_are_names() {
        for value in ["A=B", "A,,B", ""] {
            assert_eq!(apply("guest.inherit-env", value), None, "{value}");
        }
        for value in [r#"{"A=B": "1"}"#, r#"{"": "1"}"#, r#"{"A": "\u0000"}"#] {
            assert_eq!(apply("guest.env", value), None, "{value}");
        }
    }

    #[test]
    fn secrets_have_a_name_and_a_place_and_errors_show_no_value() {
        let setting = SETTINGS.iter().find(|setting| setting.key == "guest.secrets").unwrap();
        for (value, expected) in [
            (r#"{"DB_PASSWORD": "hunter2"}"#, "; DB_PASSWORD begins with neither"),
            (r#"{"KEY": "ssm:/a", "DB_PASSWORD": "ssm:"}"#, "; DB_PASSWORD has no name"),
            (r#"{"A=B": "ssm:/a"}"#, "; \"A=B\" is not the name of a variable"),
            ("ssm:/a", "in the variable a JSON object"),
            (r#"{"KEY": 5}"#, "in the variable a JSON object"),
        ] {
            let written = Written::Variable(value);
            let error = setting.apply(&mut Config::default(), written, Path::new("")).unwrap_err();
            assert!(error.starts_with("names with places") && error.contains(expected), "{value}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(apply("guest.secrets", "{}").unwrap().guest.secrets.is_empty(), "the file's can be removed");
    }

    #[test]
    fn an_age_is_a_duration_or_never() {
        let age = |value| apply("guest.secrets-max-age", value).map(|config| config.guest.secrets_max_age);
        assert_eq!((age("never"), age("90s")), (Some(None), Some(Some(Duration::from_secs(90)))));
        for value in ["Never", "", "0s", "always", "5"] {
            assert_eq!(age(value), None, "{value}");
        }
    }

    #[test]
    fn a_component_is_a_wasm_or_cwasm_file() {
        for (value, path) in [("a.wasm", "project/a.wasm"), ("b/a.cwasm", "project/b/a.cwasm"), ("/a.wasm", "/a.wasm")]
        {
            assert_eq!(apply("component.path", value).and_then(|config| config.component.path), Some(path.into()));
        }
        for value in ["", "a", "a.WASM", "a.wasm.zip", ".wasm"] {
            assert_eq!(apply("component.path", value), None, "{value}");
        }
    }
}
