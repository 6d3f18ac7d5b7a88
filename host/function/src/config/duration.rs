//! Durations in `funcserver.toml`, its variables and the tool's command line.

use std::time::Duration;

/// The units, in milliseconds.
const UNITS: [(&str, u64); 3] = [("ms", 1), ("s", 1_000), ("m", 60_000)];

/// The reason why a text is not a duration. It displays as a remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// A number without a unit, which some users mean as seconds and others as milliseconds.
    #[error("{0} has no unit: write \"{0}s\" or \"{0}ms\"")]
    NoUnit(String),
    /// Anything else.
    #[error("write a whole number and its unit, as in \"7s\", \"500ms\" or \"2m\"")]
    Malformed,
}

/// Parses a whole number and its unit, `ms`, `s` or `m`, without any other characters.
///
/// # Errors
/// [`DurationError`], also for durations that are too long.
pub fn duration(text: &str) -> Result<Duration, DurationError> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    match (number, unit) {
        ("", _) => Err(DurationError::Malformed),
        (number, "") => Err(DurationError::NoUnit(number.to_owned())),
        (number, unit) => {
            let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
            let milliseconds =
                number.parse::<u64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
            milliseconds.map(Duration::from_millis).ok_or(DurationError::Malformed)
        }
    }
}

/// A regular expression for durations (ECMA-262, for JSON Schema).
pub(super) fn pattern() -> String {
    format!("^[0-9]+(?:{})$", UNITS.map(|(name, _)| name).join("|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_its_unit() {
        for (text, milliseconds) in [("7s", 7_000), ("500ms", 500), ("2m", 120_000), ("0s", 0), ("007ms", 7)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn the_error_for_a_bare_number_shows_both_ways_to_write_it() {
        for text in ["7", "0", "86400"] {
            let error = duration(text).unwrap_err().to_string();
            assert_eq!(error, format!("{text} has no unit: write \"{text}s\" or \"{text}ms\""));
        }
    }

    #[test]
    fn other_texts_are_not_durations() {
        for text in [
            "",
            " ",
            "s",
            "ms",
            "5msms",
            "5mss",
            "+7s",
            "-7s",
            " 7s",
            "7s ",
            "7 s",
            "7\ts",
            "1.5s",
            "1h",
            "2S",
            "7S",
            "1e3s",
            "７s",
            "0x7s",
            "1_000s",
            "18446744073709551616ms",
            "18446744073709551615s",
        ] {
            assert_eq!(duration(text), Err(DurationError::Malformed), "{text}");
        }
    }
}
