//! Matches healthy status codes.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The matcher of a target group: status codes and ranges of them, for example `200`, `200,202` or `200-299`. The
/// default is 200 only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher(Vec<RangeInclusive<u16>>);

/// The error for a text that is not a matcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected statuses from 200 to 499, for example 200, 200,202 or 200-299")]
pub struct NoMatcher;

impl Matcher {
    /// Whether a response with this status is healthy.
    pub fn matches(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

impl Default for Matcher {
    fn default() -> Self {
        Self(vec![200..=200])
    }
}

impl FromStr for Matcher {
    type Err = NoMatcher;

    fn from_str(text: &str) -> Result<Self, NoMatcher> {
        text.split(',').map(|part| range(part.trim())).collect::<Option<_>>().map(Self).ok_or(NoMatcher)
    }
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (status(first)?, status(last)?);
    (first <= last).then_some(first..=last)
}

/// Parses a status in the range that an Application Load Balancer accepts.
fn status(text: &str) -> Option<u16> {
    let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|status| digits && (200..=499).contains(status))
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match (range.start(), range.end()) {
                (first, last) if first == last => write!(f, "{comma}{first}")?,
                (first, last) => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_and_ranges() {
        let matcher: Matcher = "200, 301-303".parse().unwrap();
        let matched: Vec<u16> = (100..600).filter(|status| matcher.matches(*status)).collect();
        assert_eq!(matched, [200, 301, 302, 303]);
        assert_eq!(matcher.to_string(), "200,301-303");
        assert_eq!(Matcher::default().to_string(), "200");
    }

    #[test]
    fn texts_that_a_target_group_rejects() {
        for text in ["", "200,", "99", "199", "500", "299-200", "200-", "-200", "200-299-300", "+200", "0200", "ok"] {
            assert_eq!(text.parse::<Matcher>(), Err(NoMatcher), "{text}");
        }
    }
}
