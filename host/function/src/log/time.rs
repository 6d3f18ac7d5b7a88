//! Timestamps in RFC 3339, in UTC with milliseconds.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

const MS_A_DAY: u64 = 24 * 60 * 60 * 1000;

/// Displays as `2025-01-02T03:04:05.678Z` (RFC 3339, section 5.6). Times before 1970 display as the start of 1970.
#[derive(Clone, Copy)]
pub(super) struct Timestamp(pub(super) SystemTime);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.0.duration_since(UNIX_EPOCH).unwrap_or_default();
        let all = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let (year, month, day) = date(all / MS_A_DAY);
        let ms = all % MS_A_DAY;
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1000)
    }
}

/// The year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Years are counted from March to February, so that the leap day is the last day of a year. A month's first day is
/// then `(153 m + 2) / 5` days into the year, and 400 years always have 146,097 days.
fn date(days: u64) -> (u64, u64, u64) {
    /// The days from 0000-03-01 to 1970-01-01.
    const TO_1970: u64 = 719_468;
    const DAYS_IN_400_YEARS: u64 = 146_097;

    let days = days + TO_1970;
    let (era, day) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (400 * era + year + carry, month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn known_timestamps() {
        for (ms, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_001, "2024-02-29T23:59:59.001Z"),
            (1_735_787_045_678, "2025-01-02T03:04:05.678Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(Timestamp(UNIX_EPOCH + Duration::from_millis(ms)).to_string(), expected);
        }
        assert_eq!(Timestamp(UNIX_EPOCH - Duration::from_secs(1)).to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn every_day_of_five_hundred_years_follows_the_one_before() {
        let length = |year: u64, month| match month {
            2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let mut expected = (1970, 1, 1);
        for day in 0..500 * 365 {
            assert_eq!(date(day), expected);
            let (year, month, day) = expected;
            expected = if day < length(year, month) {
                (year, month, day + 1)
            } else if month < 12 {
                (year, month + 1, 1)
            } else {
                (year + 1, 1, 1)
            };
        }
    }
}
