//! The path to which events are posted that are not HTTP requests.

use std::str::FromStr;

use http::uri::PathAndQuery;

/// The part of the path that stands for the source of an event.
const SOURCE: &str = "{source}";

/// A path, perhaps with `{source}` in it. It covers the paths of all sources, and everything that a router may take for
/// one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPath {
    before: String,
    /// What follows `{source}`, if that is in it.
    after: Option<String>,
}

/// The text is not such a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidEventPath;

impl EventPath {
    /// The allowed values in words.
    pub(super) const ALLOWED: &'static str = "a path such as \"/events/{source}\" or \"/events\", of letters, digits, \
                                              `-`, `_` and `.`";

    /// The path for events of a source.
    #[must_use]
    pub fn of(&self, source: &str) -> Option<PathAndQuery> {
        let Self { before, after } = self;
        match after {
            Some(after) => format!("{before}{source}{after}").parse().ok(),
            None => before.parse().ok(),
        }
    }

    /// Whether a router may take a client's path for one of these. Escapes are decoded, however often they are encoded;
    /// letter case, repeated slashes, `.` and `..`, parameters after `;` and a slash at the end make no difference.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        let path = canonical(path);
        let before = self.before.to_ascii_lowercase();
        match &self.after {
            None => path == before,
            Some(after) => {
                let after = after.to_ascii_lowercase();
                let whole = format!("{path}/");
                let rest = path.strip_prefix(&before).or_else(|| whole.strip_prefix(&before));
                rest.is_some_and(|rest| rest.ends_with(&after))
            }
        }
    }
}

/// The path that a lenient router sees, without a slash at its end.
fn canonical(path: &str) -> String {
    let mut path = path.replace('\\', "/").to_ascii_lowercase();
    // Each round makes the text shorter.
    while let Some(decoded) = decoded(&path) {
        path = decoded.replace('\\', "/").to_ascii_lowercase();
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

/// The text with its escapes decoded, or `None` if it has none.
fn decoded(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut found = false;
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        let escape = after.get(..2).filter(|_| byte == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(escaped) => {
                found = true;
                decoded.push(escaped);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(byte);
                rest = after;
            }
        }
    }
    found.then(|| String::from_utf8_lossy(&decoded).into_owned())
}

impl FromStr for EventPath {
    type Err = InvalidEventPath;

    fn from_str(text: &str) -> Result<Self, InvalidEventPath> {
        let (before, after) = match text.split_once(SOURCE) {
            Some((before, after)) => (before, Some(after)),
            None => (text, None),
        };
        let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
        let whole = after.map_or_else(|| before.to_owned(), |after| format!("{before}x{after}"));
        let is_canonical = canonical(&whole) == whole.to_ascii_lowercase();
        if text.starts_with('/')
            && before.len() > 1
            && is_plain(before)
            && is_plain(after.unwrap_or_default())
            && is_canonical
        {
            Ok(Self { before: before.into(), after: after.map(str::to_owned) })
        } else {
            Err(InvalidEventPath)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::EventPath;

    fn path(text: &str) -> EventPath {
        text.parse().unwrap()
    }

    #[test]
    fn a_path_covers_what_a_router_may_take_for_it() {
        let events = path("/events/{source}");
        for covered in [
            "/events/sqs",
            "/events/",
            "/events",
            "/EVENTS/sqs",
            "/%65vents/sqs",
            "/%2565vents%252Fsqs",
            "//events//sqs",
            "/./events/sqs",
            "/x/../events/sqs",
            "/events/sqs/more",
            "/events;a=1/sqs",
            "/events\\sqs",
            "/events%5Csqs",
        ] {
            assert!(events.covers(covered), "{covered}");
        }
        for free in ["/eventsx/sqs", "/", "/event/sqs", "/x/events/sqs", "/events/../x", "/100%/events"] {
            assert!(!events.covers(free), "{free}");
        }
        let inner = path("/from/{source}/in");
        assert!(inner.covers("/from/sqs/in/") && inner.covers("/from/a/b/IN"));
        assert!(!inner.covers("/from/sqs/out") && !inner.covers("/from/sqs"));
        let plain = path("/events");
        assert!(plain.covers("/events/") && !plain.covers("/events/sqs"));
    }

    #[test]
    fn events_of_a_source_have_its_name_in_the_path() {
        assert_eq!(path("/events/{source}").of("sqs").unwrap(), "/events/sqs");
        assert_eq!(path("/from/{source}/in").of("step-functions").unwrap(), "/from/step-functions/in");
        assert_eq!(path("/events").of("sqs").unwrap(), "/events");
    }

    #[test]
    fn a_path_that_a_router_would_change_is_refused() {
        for text in
            ["", "/", "events", "/{source}", "/a b", "/a?b", "/a//b", "/a/../b", "/a/", "/{source}/{source}", "/é"]
        {
            assert!(text.parse::<EventPath>().is_err(), "{text}");
        }
    }
}
