//! A value as written, and its conversions: whole numbers, sizes, durations.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use super::duration::{DurationError, duration};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

/// Units of size, in bytes: MB is 10⁶ bytes, MiB 2²⁰.
const SIZES: [(&str, u64); 7] =
    [("B", 1), ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("KiB", KIB), ("MiB", MIB), ("GiB", GIB)];

/// A value before it is converted to its setting's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written<'a> {
    /// The text of a variable, which has no type.
    Variable(&'a str),
    /// A TOML string.
    Text(&'a str),
    /// A non-negative TOML integer.
    Integer(u64),
    /// A TOML boolean.
    Flag(bool),
    /// A TOML array that contains only strings.
    List(&'a [&'a str]),
    /// A TOML table whose values are strings.
    Table(&'a [(&'a str, &'a str)]),
    /// Any other TOML value, which no setting accepts.
    Other,
}

impl<'a> Written<'a> {
    /// A non-empty text.
    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Written::Variable(text) | Written::Text(text) if !text.trim().is_empty() => Some(text),
            _ => None,
        }
    }

    /// Several texts: an array of them, or one text with commas.
    pub(super) fn list(self) -> Option<Vec<&'a str>> {
        match self {
            Written::List(texts) => Some(texts.to_vec()),
            Written::Variable(_) => Some(self.text()?.split(',').map(str::trim).collect()),
            _ => None,
        }
    }

    /// Names with texts: a table, or one text that is a JSON object, in the order of the names.
    pub(super) fn pairs(self) -> Option<BTreeMap<String, String>> {
        match self {
            Written::Table(pairs) => {
                Some(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
            }
            Written::Variable(text) => serde_json::from_str(text).ok(),
            _ => None,
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(self) -> Option<bool> {
        match self {
            Written::Flag(flag) => Some(flag),
            Written::Variable(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A whole number.
    pub(super) fn count(self) -> Option<u64> {
        match self {
            Written::Integer(number) => Some(number),
            Written::Variable(text) => digits(text),
            _ => None,
        }
    }

    /// A size in bytes: a number of bytes, or a text with a unit.
    pub(super) fn size(self) -> Option<u64> {
        self.count().or_else(|| {
            let text = self.text()?.trim();
            let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
            let (_, factor) = SIZES.iter().find(|(name, _)| *name == unit.trim_start())?;
            digits(number)?.checked_mul(*factor)
        })
    }

    /// A duration: a text with a unit.
    pub(super) fn duration(self) -> Result<Duration, DurationError> {
        let text = match self {
            Written::Variable(text) | Written::Text(text) => Cow::Borrowed(text),
            Written::Integer(number) => number.to_string().into(),
            Written::Flag(_) | Written::List(_) | Written::Table(_) | Written::Other => "".into(),
        };
        duration(&text)
    }
}

/// A regular expression for sizes (ECMA-262, for JSON Schema).
pub(super) fn size_pattern() -> String {
    format!(r"^\s*[0-9]+\s*(?:{})\s*$", SIZES.map(|(name, _)| name).join("|"))
}

/// A size in the largest binary unit without a fraction: `1MiB`.
pub(super) fn size_text(bytes: u64) -> String {
    in_units(bytes, &[("GiB", GIB), ("MiB", MIB), ("KiB", KIB)], "B")
}

/// A duration in seconds if that has no fraction, and otherwise in milliseconds: `60s`, `100ms`.
pub(super) fn time_text(milliseconds: u64) -> String {
    in_units(milliseconds, &[("s", 1_000)], "ms")
}

fn in_units(amount: u64, units: &[(&str, u64)], smallest: &str) -> String {
    match units.iter().find(|(_, factor)| amount >= *factor && amount.is_multiple_of(*factor)) {
        Some((unit, factor)) => format!("{}{unit}", amount / factor),
        None => format!("{amount}{smallest}"),
    }
}

/// Parses decimal digits. `u64::from_str` would also accept a plus sign.
fn digits(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let cases = [
            ("0", 0),
            ("1048576", 1_048_576),
            ("512B", 512),
            ("5kB", 5_000),
            ("5MB", 5_000_000),
            ("5GB", 5_000_000_000),
            ("5KiB", 5_120),
            ("512MiB", 536_870_912),
            ("2 GiB", 2_147_483_648),
        ];
        for (text, expected) in cases {
            assert_eq!(Written::Variable(text).size(), Some(expected), "{text}");
        }
        assert_eq!(Written::Text("512MiB").size(), Some(536_870_912));
        assert_eq!(Written::Integer(7).size(), Some(7));
    }

    #[test]
    fn texts_that_are_not_sizes() {
        for text in
            ["", " ", "MiB", "-1", "+1", "1.5GiB", "5M", "5mib", "1_000", "18446744073709551616", "99999999999GiB"]
        {
            assert_eq!(Written::Variable(text).size(), None, "{text}");
        }
        for written in [Written::Text("5"), Written::Flag(true), Written::Other] {
            assert_eq!(written.size(), None, "{written:?}");
        }
    }

    #[test]
    fn durations_have_a_unit_in_the_file_and_in_a_variable() {
        for written in [Written::Variable("7s"), Written::Text("7s")] {
            assert_eq!(written.duration(), Ok(Duration::from_secs(7)), "{written:?}");
        }
        for written in [Written::Variable("7"), Written::Text("7"), Written::Integer(7)] {
            assert_eq!(written.duration(), Err(DurationError::NoUnit("7".into())), "{written:?}");
        }
        for written in [Written::Flag(true), Written::List(&["7s"]), Written::Other, Written::Text("7 s")] {
            assert_eq!(written.duration(), Err(DurationError::Malformed), "{written:?}");
        }
    }

    #[test]
    fn flags_and_counts_have_their_type_in_the_file_and_their_spelling_in_a_variable() {
        assert_eq!(Written::Flag(false).flag(), Some(false));
        assert_eq!(Written::Variable("true").flag(), Some(true));
        for written in [Written::Text("true"), Written::Variable("yes"), Written::Variable("1"), Written::Integer(1)] {
            assert_eq!(written.flag(), None, "{written:?}");
        }
        assert_eq!(Written::Integer(2).count(), Some(2));
        assert_eq!(Written::Variable("2").count(), Some(2));
        assert_eq!(Written::Text("2").count(), None);
    }

    #[test]
    fn lists_are_arrays_in_the_file_and_have_commas_in_a_variable() {
        assert_eq!(Written::List(&["a", "b,c"]).list(), Some(vec!["a", "b,c"]));
        assert_eq!(Written::List(&[]).list(), Some(vec![]));
        assert_eq!(Written::Variable("a, b ,c").list(), Some(vec!["a", "b", "c"]));
        for written in [Written::Variable(" "), Written::Text("a"), Written::Integer(1), Written::Other] {
            assert_eq!(written.list(), None, "{written:?}");
        }
    }

    #[test]
    fn pairs_are_a_table_in_the_file_and_a_json_object_in_a_variable() {
        let pairs = |written: Written<'_>| written.pairs().map(|pairs| pairs.into_iter().collect::<Vec<_>>());
        let expected = Some(vec![("A".to_owned(), "1,2".to_owned()), ("B".to_owned(), String::new())]);
        assert_eq!(pairs(Written::Table(&[("B", ""), ("A", "1,2")])), expected);
        assert_eq!(pairs(Written::Variable(r#"{"B": "", "A": "1,2"}"#)), expected);
        for written in [Written::Variable("A=1"), Written::Variable(r#"{"A": 1}"#), Written::Text("{}"), Written::Other]
        {
            assert_eq!(pairs(written), None, "{written:?}");
        }
    }

    #[test]
    fn amounts_are_shown_in_the_largest_unit_that_fits() {
        for (bytes, text) in
            [(0, "0B"), (1, "1B"), (1_024, "1KiB"), (1_048_576, "1MiB"), (10 * GIB, "10GiB"), (MIB + 1, "1048577B")]
        {
            assert_eq!(size_text(bytes), text);
        }
        for (milliseconds, text) in [(0, "0ms"), (100, "100ms"), (60_000, "60s")] {
            assert_eq!(time_text(milliseconds), text);
        }
    }
}
