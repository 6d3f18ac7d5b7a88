//! Times as AWS writes them, and the clock beside a server's: a signature is valid only for some minutes around its time.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use http::HeaderValue;

/// The difference that services accept. Some accept more.
const ACCEPTED: Duration = Duration::from_secs(5 * 60);

/// A clock whose signatures are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSkew {
    by: Duration,
    ahead: bool,
}

/// The time in `2026-11-30T16:00:00Z`.
#[must_use]
pub fn timestamp(text: &str) -> Option<SystemTime> {
    read(text, Format::DateTimeWithOffset)
}

fn read(text: &str, format: Format) -> Option<SystemTime> {
    DateTime::from_str(text, format).ok()?.try_into().ok()
}

impl ClockSkew {
    /// The difference to the time in a server's `date` header, if it is too much for a signature.
    #[must_use]
    pub fn of(date: &HeaderValue, now: SystemTime) -> Option<Self> {
        let date = read(date.to_str().ok()?, Format::HttpDate)?;
        let skew = match now.duration_since(date) {
            Ok(by) => Self { by, ahead: true },
            Err(error) => Self { by: error.duration(), ahead: false },
        };
        (skew.by >= ACCEPTED).then_some(skew)
    }
}

impl fmt::Display for ClockSkew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = if self.ahead { "ahead of" } else { "behind" };
        write!(
            f,
            "the clock of this machine is {} minutes {direction} that of the service, so that signatures are refused: \
             set the clock",
            self.by.as_secs() / 60
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_makes_signatures_invalid_is_told() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_054_400);
        let skew = |date| ClockSkew::of(&HeaderValue::from_static(date), now).map(|skew| skew.to_string());
        for (date, told) in [
            ("Mon, 30 Nov 2026 16:00:00 GMT", None),
            ("Mon, 30 Nov 2026 15:55:01 GMT", None),
            ("Mon, 30 Nov 2026 15:50:00 GMT", Some("10 minutes ahead of")),
            ("Mon, 30 Nov 2026 16:10:00 GMT", Some("10 minutes behind")),
            ("yesterday", None),
        ] {
            let skew = skew(date);
            assert_eq!(skew.is_some(), told.is_some(), "{date} {skew:?}");
            assert!(told.is_none_or(|told| skew.unwrap().contains(told)), "{date}");
        }
    }
}
