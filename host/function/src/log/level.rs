//! Lambda's log levels and log formats.

use std::fmt;
use std::str::FromStr;

/// The level of an event, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// TRACE
    Trace,
    /// DEBUG
    Debug,
    /// INFO
    #[default]
    Info,
    /// WARN
    Warn,
    /// ERROR
    Error,
    /// FATAL
    Fatal,
}

/// The format of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Text for people.
    #[default]
    Text,
    /// JSON for programs.
    Json,
}

/// The error for a name that is not a level or format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownName;

impl Level {
    /// All names, lowest level first: the values of `AWS_LAMBDA_LOG_LEVEL`.
    pub const NAMES: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

    const ALL: [Level; 6] = [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error, Level::Fatal];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

impl Format {
    /// Both names: the values of `AWS_LAMBDA_LOG_FORMAT`.
    pub const NAMES: [&str; 2] = ["Text", "JSON"];

    const ALL: [Format; 2] = [Format::Text, Format::Json];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Parses a name in any letter case.
impl FromStr for Level {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Level, UnknownName> {
        named(name, &Self::NAMES, &Self::ALL)
    }
}

/// Parses a name in any letter case.
impl FromStr for Format {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Format, UnknownName> {
        named(name, &Self::NAMES, &Self::ALL)
    }
}

fn named<T: Copy>(name: &str, names: &[&str], all: &[T]) -> Result<T, UnknownName> {
    let found = names.iter().zip(all).find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| *value).ok_or(UnknownName)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_levels_are_in_one_order() {
        for (name, level) in Level::NAMES.iter().zip(Level::ALL) {
            assert_eq!(level.to_string(), *name);
            assert_eq!(format!("{level:?}").to_uppercase(), *name);
            assert_eq!(name.parse(), Ok(level));
        }
        assert!(Level::ALL.is_sorted());
    }

    #[test]
    fn letter_case_does_not_matter() {
        assert_eq!("warn".parse(), Ok(Level::Warn));
        assert_eq!("json".parse(), Ok(Format::Json));
        assert_eq!("TEXT".parse(), Ok(Format::Text));
        assert_eq!("".parse::<Level>(), Err(UnknownName));
        assert_eq!("XML".parse::<Format>(), Err(UnknownName));
    }
}
