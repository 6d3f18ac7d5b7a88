//! What a setting is: its names, its type, and how a value is read.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use funcserver_engine::{Allow, Proposal, SignAws};
use http::uri::PathAndQuery;

use super::duration::DurationError;
use super::error::shown;
use super::text::Text;
use super::value::{Written, size_text, time_text};
use super::{App, Config, EventPath, SecretReference, proposals};

/// The age that nothing reaches.
pub(super) const NEVER: &str = "never";

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
    pub(super) kind: Kind,
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
    Text { text: &'static Text, slot: fn(&mut Config) -> &mut Option<String> },
}

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
            Kind::Text { text, .. } => text.allowed.into(),
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

    /// Checks a value that an option of the tool gives in place of the setting.
    ///
    /// # Errors
    /// The value is not allowed. The error is [`Setting::allowed`].
    pub fn check(&self, value: &str) -> Result<(), String> {
        self.apply(&mut Config::default(), Written::Variable(value), Path::new(""))
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
            Kind::Text { text, slot } => {
                let written = written.text()?;
                *slot(config) = Some(text.fits(written).then(|| written.to_owned())?);
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
    use super::super::{OTHER_VARIABLES, SETTINGS};
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
            ("deploy.name", "shop"),
            ("deploy.region", "eu-west-1"),
            ("deploy.profile", "test"),
            ("deploy.role", "arn:aws:iam::111122223333:role/shop"),
            ("deploy.memory", "1024"),
            ("deploy.timeout", "30s"),
            ("deploy.env", r#"{"FUNCSERVER_LOG_METRICS": "true"}"#),
            ("deploy.arch", "arm64"),
            ("deploy.url", "true"),
            ("deploy.target-group", "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop/1"),
            ("deploy.alias", "prod"),
            ("deploy.bucket", "zips"),
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
            ("deploy.memory", ["128", "10240"], ["127", "10241"]),
            ("deploy.timeout", ["1s", "15m"], ["999ms", "901s"]),
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
