//! What is wrong with a configuration, and where.

use std::fmt;
use std::path::PathBuf;

/// Everything that is wrong with a configuration: one line each, never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

/// One thing that is wrong, as `place: problem`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ConfigError {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub problem: Problem,
}

/// Where a setting stands.
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

/// What is wrong with a setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file is no TOML.
    #[error("not valid TOML: {0}")]
    Syntax(String),
    /// No setting has this name.
    #[error("unknown {what} {name}{hint}")]
    Unknown {
        /// `key`, `section` or `variable`.
        what: &'static str,
        /// The name as written.
        name: String,
        /// What may stand there instead.
        hint: Hint,
    },
    /// The value does not fit its setting.
    #[error("{name} is {found}, allowed: {allowed}")]
    Value {
        /// The setting.
        name: String,
        /// The value as written, cut if it is long.
        found: String,
        /// What its values are.
        allowed: String,
    },
}

/// What to write instead of an unknown name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// A known name that is nearly the same.
    Closest(&'static str),
    /// All known names.
    Known(Vec<&'static str>),
}

impl ConfigErrors {
    /// The list as a result: an error if it has an entry.
    pub(super) fn check(errors: Vec<ConfigError>) -> Result<(), ConfigErrors> {
        if errors.is_empty() { Ok(()) } else { Err(ConfigErrors(errors)) }
    }

    /// The single errors: first the file's from top to bottom, then the variables'.
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
    /// The known name closest to `name` if a slip of the fingers explains the difference, else all of them.
    pub(super) fn of(name: &str, known: impl Iterator<Item = &'static str>) -> Hint {
        let known: Vec<_> = known.collect();
        let closest = known.iter().map(|candidate| (distance(name, candidate), *candidate)).min();
        match closest {
            Some((distance, candidate)) if distance <= candidate.len() / 4 => Hint::Closest(candidate),
            _ => Hint::Known(known),
        }
    }
}

/// `value` as an error shows it: its first line, and that not for long.
pub(super) fn shown(value: &str) -> String {
    const LONGEST: usize = 60;
    let line = value.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(LONGEST).filter(|c| !c.is_control()).collect();
    if short.len() < value.len() {
        short.push('…');
    }
    short
}

/// How many slips of the fingers lie between two names, as far as their first 64 characters tell.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 64;
    let head = |name: &str| name.chars().take(LONGEST).collect::<String>();
    strsim::levenshtein(&head(a), &head(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_answered_with_the_list() {
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
