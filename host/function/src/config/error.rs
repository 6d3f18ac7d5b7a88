//! The mistakes in a configuration, and their places.

use std::fmt;
use std::path::PathBuf;

use funcserver_engine::redacted;

/// All mistakes in a configuration: one line each, and at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

/// One mistake, displayed as `place: problem`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ConfigError {
    /// The place of the mistake.
    pub place: Place,
    /// The problem.
    pub problem: Problem,
}

/// The place of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of `funcserver.toml`.
    File {
        /// The file, as the caller named it.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
}

/// The problem with a setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file is not valid TOML.
    #[error("not valid TOML: {0}")]
    Syntax(String),
    /// No setting has this name.
    #[error("unknown {what} {name}{hint}")]
    Unknown {
        /// `key`, `section` or `variable`.
        what: &'static str,
        /// The name as written.
        name: String,
        /// The names that are possible instead.
        hint: Hint,
    },
    /// The value does not fit its setting.
    #[error("{name} is {found}, allowed: {allowed}")]
    Value {
        /// The setting.
        name: String,
        /// The value as written, truncated if it is long.
        found: String,
        /// The allowed values.
        allowed: String,
    },
}

/// A suggestion for an unknown name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// A known name that is nearly the same.
    Closest(&'static str),
    /// All known names.
    Known(Vec<&'static str>),
}

impl ConfigErrors {
    /// Returns the errors as a result, which is `Ok` if there are none.
    pub(super) fn check(errors: Vec<ConfigError>) -> Result<(), ConfigErrors> {
        if errors.is_empty() { Ok(()) } else { Err(ConfigErrors(errors)) }
    }

    /// The errors: first the file's from top to bottom, then the variables'.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigError> {
        self.0.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File { path, line } => write!(f, "{}:{line}", path.display()),
            Place::Variable(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hint::Closest(name) => write!(f, ", did you mean {name}?"),
            Hint::Known(names) => write!(f, ", allowed: {}", names.join(", ")),
        }
    }
}

impl Hint {
    /// The known name closest to `name` if a typing error explains the difference, and otherwise all of them.
    pub(super) fn of(name: &str, known: impl Iterator<Item = &'static str>) -> Hint {
        let known: Vec<_> = known.collect();
        let closest = known.iter().map(|candidate| (distance(name, candidate), *candidate)).min();
        match closest {
            Some((distance, candidate)) if distance <= candidate.len() / 4 => Hint::Closest(candidate),
            _ => Hint::Known(known),
        }
    }
}

/// Stands for a value that may have secrets anywhere.
pub(super) const NOT_SHOWN: &str = "a value that is not shown, because it may be secret";

/// `value` as an error shows it: its first line, truncated if it is long, without what may be a password.
pub(super) fn shown(value: &str) -> String {
    const LONGEST: usize = 60;
    let value = &*redacted(value);
    let line = value.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(LONGEST).filter(|c| !c.is_control()).collect();
    if short.len() < value.len() {
        short.push('…');
    }
    short
}

/// The number of typing errors between two names, in their first 64 characters.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 64;
    let head = |name: &str| name.chars().take(LONGEST).collect::<String>();
    strsim::levenshtein(&head(a), &head(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_similar_name_is_suggested_and_otherwise_the_list_is_shown() {
        let known = || ["limits.memory", "limits.timeout"].into_iter();
        assert_eq!(Hint::of("limits.memry", known()), Hint::Closest("limits.memory"));
        assert_eq!(Hint::of("limits.time-out", known()), Hint::Closest("limits.timeout"));
        assert_eq!(Hint::of("limits.colour", known()), Hint::Known(vec!["limits.memory", "limits.timeout"]));
        assert_eq!(Hint::of("x", std::iter::empty()), Hint::Known(vec![]));
    }

    #[test]
    fn long_values_are_cut_and_control_characters_left_out() {
        assert_eq!(shown("short"), "short");
        assert_eq!(shown("two\nlines"), "two…");
        assert_eq!(shown("a\u{1b}[31m"), "a[31m…");
        assert_eq!(shown(&"ä".repeat(100)), format!("{}…", "ä".repeat(60)));
    }

    #[test]
    fn several_errors_are_one_line_each() {
        let error = |line| ConfigError {
            place: Place::File { path: "funcserver.toml".into(), line },
            problem: Problem::Syntax("oops".into()),
        };
        let errors = ConfigErrors::check(vec![error(1), error(2)]).unwrap_err();
        assert_eq!(
            errors.to_string(),
            "funcserver.toml:1: not valid TOML: oops\nfuncserver.toml:2: not valid TOML: oops"
        );
    }
}
