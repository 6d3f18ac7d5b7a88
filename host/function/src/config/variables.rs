//! The settings from the environment: ours, Lambda's for the log, and the usual one for root certificates.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::Config;
use super::env::Env;
use super::error::{ConfigError, Hint, NOT_SHOWN, Place, Problem, shown};
use super::settings::{OTHER_VARIABLES, SETTINGS};
use super::value::Written;
use crate::log::{Format, Level};

/// The prefix of our variables. Another name with it is a mistake.
const PREFIX: &str = "FUNCSERVER_";

/// `Text` or `JSON`, as Lambda's logging configuration sets it.
const LOG_FORMAT: &str = "AWS_LAMBDA_LOG_FORMAT";

/// `TRACE` to `FATAL`, as Lambda's logging configuration sets it.
const LOG_LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";

/// A PEM file of root certificates, as OpenSSL and most TLS clients use it.
const ROOTS: &str = "SSL_CERT_FILE";

/// Applies the settings of the environment and returns its errors, in the order of their names.
pub(super) fn apply(config: &mut Config, env: &dyn Env) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    for name in env.names(PREFIX) {
        let value = env.get(name).unwrap_or_default();
        if let Some(setting) = SETTINGS.iter().find(|setting| setting.variable == name) {
            if let Err(allowed) = setting.apply(config, Written::Variable(value), Path::new("")) {
                let found = if setting.is_secret() { NOT_SHOWN.to_owned() } else { format!("\"{}\"", shown(value)) };
                errors.push(error(name, Problem::Value { name: setting.key.into(), found, allowed }));
            }
        } else if !OTHER_VARIABLES.iter().any(|(other, _)| *other == name) {
            errors.push(unknown(name));
        }
    }
    named(env, LOG_FORMAT, "the log format", &Format::NAMES, &mut config.log.format, &mut errors);
    named(env, LOG_LEVEL, "the log level", &Level::NAMES, &mut config.log.level, &mut errors);
    config.network.roots = env.get(ROOTS).filter(|path| !path.is_empty()).map(PathBuf::from);
    errors
}

/// Parses a variable of Lambda's whose values are names.
fn named<T: FromStr>(
    env: &dyn Env,
    variable: &str,
    what: &str,
    allowed: &[&str],
    slot: &mut T,
    errors: &mut Vec<ConfigError>,
) {
    match env.get(variable).unwrap_or_default() {
        "" => {}
        value => match value.parse() {
            Ok(parsed) => *slot = parsed,
            Err(_) => errors.push(bad_value(variable, what, value, allowed.join(", "))),
        },
    }
}

fn bad_value(variable: &str, name: &str, value: &str, allowed: String) -> ConfigError {
    let found = format!("\"{}\"", shown(value));
    error(variable, Problem::Value { name: name.into(), found, allowed })
}

fn unknown(variable: &str) -> ConfigError {
    let known = SETTINGS.iter().map(|setting| setting.variable).chain(OTHER_VARIABLES.iter().map(|(name, _)| *name));
    let hint = Hint::of(variable, known);
    error(variable, Problem::Unknown { what: "variable", name: shown(variable), hint })
}

fn error(variable: &str, problem: Problem) -> ConfigError {
    ConfigError { place: Place::Variable(shown(variable)), problem }
}
