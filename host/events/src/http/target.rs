//! The request target: path and query, as the client sent them.
//!
//! This module never decodes them: it does not percent-decode, and does not normalise `..`, `//` or `%2F`. It
//! percent-encodes only the bytes that a URI must not contain (RFC 3986, section 2): control bytes, space, DEL,
//! non-ASCII bytes, `"`, `#`, `<`, `>` and the backtick; in a path also `?`, which would begin the query. A `%` is kept
//! as it is.
//!
//! Where a front end has decoded a part, it is encoded again: the path as far as a URI requires, parameters of the query
//! completely, because their original spelling is unknown.

use std::collections::HashMap;

use bytes::Bytes;
use http::uri::PathAndQuery;

use crate::json::{InvalidMember, MemberPath, quoted};

/// The most bytes that a URI of the `http` crate may have.
pub(crate) const MAX_TARGET: usize = 65_534;

/// A request target that is being built.
pub(crate) struct RequestTarget<'a> {
    place: MemberPath<'a>,
    text: String,
    path_len: usize,
}

impl<'a> RequestTarget<'a> {
    /// A target with this path; `place` is where the event has it. An empty path becomes `/`.
    pub(crate) fn new(path: &str, place: MemberPath<'a>) -> Result<Self, InvalidMember> {
        let mut text = String::with_capacity(path.len() + 64);
        if path.is_empty() {
            text.push('/');
        } else if path.starts_with('/') {
            push_encoded(&mut text, path, |byte| byte == b'?' || is_never_raw(byte));
        } else {
            return Err(place.fault(format!("expected a path that begins with /, found {}", quoted(path))));
        }
        let path_len = text.len();
        Ok(Self { place, text, path_len })
    }

    /// A target with a path that the front end has decoded. A `%` that does not begin an escape is encoded too. One
    /// that does is kept: whether the client sent `%2F` or `%252F` is unknown, and routers expect the first.
    pub(crate) fn of_decoded(path: &str, place: MemberPath<'a>) -> Result<Self, InvalidMember> {
        if is_escaped_everywhere(path) { Self::new(path, place) } else { Self::new(&with_escaped_percent(path), place) }
    }

    /// Sets the query to one that the front end has passed on unchanged, without its `?`.
    pub(crate) fn set_query(&mut self, query: &str) {
        if !query.is_empty() {
            self.text.push('?');
            push_encoded(&mut self.text, query, is_never_raw);
        }
    }

    /// Adds a parameter that the front end has decoded.
    pub(crate) fn push_decoded(&mut self, key: &str, value: &str) {
        self.text.push(if self.text.len() == self.path_len { '?' } else { '&' });
        push_encoded(&mut self.text, key, is_reserved);
        self.text.push('=');
        push_encoded(&mut self.text, value, is_reserved);
    }

    /// Adds a parameter to the query.
    pub(crate) fn push(&mut self, key: &str, value: &str) {
        self.text.push(if self.text.len() == self.path_len { '?' } else { '&' });
        push_encoded(&mut self.text, key, is_never_raw);
        self.text.push('=');
        push_encoded(&mut self.text, value, is_never_raw);
    }

    /// The target, or an error if it is too long.
    pub(crate) fn finish(self) -> Result<PathAndQuery, InvalidMember> {
        let (path_len, len) = (self.path_len, self.text.len());
        PathAndQuery::from_maybe_shared(Bytes::from(self.text)).map_err(|error| {
            let reason = if len > MAX_TARGET {
                format!("the path has {path_len} bytes, and {len} with the query: expected at most {MAX_TARGET}")
            } else {
                error.to_string()
            };
            self.place.fault(reason)
        })
    }
}

/// Groups the parameters of a raw query by key, as an event keeps them. A key keeps its first position, and its values
/// keep their order. `flag` gets an empty value. Empty segments between two `&` are dropped.
pub(crate) fn grouped(query: &str) -> Vec<(&str, Vec<&str>)> {
    let mut places = HashMap::new();
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for segment in query.split('&').filter(|segment| !segment.is_empty()) {
        let (key, value) = segment.split_once('=').unwrap_or((segment, ""));
        match places.get(key).and_then(|&place: &usize| groups.get_mut(place)) {
            Some((_, values)) => values.push(value),
            None => {
                places.insert(key, groups.len());
                groups.push((key, vec![value]));
            }
        }
    }
    groups
}

fn is_never_raw(byte: u8) -> bool {
    !byte.is_ascii_graphic() || matches!(byte, b'"' | b'#' | b'<' | b'>' | b'`')
}

/// Whether a byte is not one of those that need no escape anywhere in a URI (RFC 3986, section 2.3).
fn is_reserved(byte: u8) -> bool {
    !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

fn is_escaped_everywhere(text: &str) -> bool {
    text.match_indices('%').all(|(index, _)| begins_escape(text, index))
}

fn begins_escape(text: &str, index: usize) -> bool {
    let digits = text.as_bytes().get(index + 1..index + 3);
    digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

fn with_escaped_percent(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for (index, char) in text.char_indices() {
        escaped.push(char);
        if char == '%' && !begins_escape(text, index) {
            escaped.push_str("25");
        }
    }
    escaped
}

fn push_encoded(text: &mut String, raw: &str, is_encoded: impl Fn(u8) -> bool) {
    if !raw.bytes().any(&is_encoded) {
        text.push_str(raw);
        return;
    }
    for byte in raw.bytes() {
        if is_encoded(byte) {
            text.push('%');
            text.extend([byte >> 4, byte & 15].map(hex_digit));
        } else {
            text.push(char::from(byte));
        }
    }
}

fn hex_digit(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 })
}

#[cfg(test)]
mod tests {
    use http::uri::PathAndQuery;

    use super::{RequestTarget, grouped, is_never_raw};
    use crate::json::MemberPath;

    #[test]
    fn the_http_crate_accepts_every_byte_that_is_not_encoded() {
        for byte in (0..=127).filter(|&byte| !is_never_raw(byte)) {
            let target = format!("/{0}?{0}", char::from(byte));
            if byte != b'?' {
                assert_eq!(target.parse::<PathAndQuery>().map(|parsed| parsed.to_string()).ok(), Some(target));
            }
        }
    }

    #[test]
    fn every_other_byte_is_encoded_in_path_and_query() {
        let all: String = ('\0'..='\u{ff}').collect();
        let mut target =
            RequestTarget::new(&format!("/{all}"), MemberPath::field("path")).ok().unwrap_or_else(|| panic!("no path"));
        target.push(&all, &all);
        let text = target.finish().unwrap_or_else(|fault| panic!("{fault:?}")).to_string();
        assert!(text.contains("%00%01") && text.contains("%7F%C2%80") && text.contains("!%22%23$%&'()*+,-./"));
        assert_eq!(text.matches('?').count(), 3, "one begins the query, two are in it");
    }

    #[test]
    fn what_a_front_end_has_decoded_is_encoded_again() {
        for (path, expected) in [
            ("/a b", "/a%20b"),
            ("/100%/x", "/100%25/x"),
            ("/a%2Fb%zz%", "/a%2Fb%25zz%25"),
            ("/q?x#y", "/q%3Fx%23y"),
            ("", "/"),
        ] {
            let mut target = RequestTarget::of_decoded(path, MemberPath::field("rawPath")).ok().unwrap();
            target.push_decoded("a&b", "1+1=2 %é");
            let text = target.finish().unwrap_or_else(|fault| panic!("{fault:?}")).to_string();
            assert_eq!(text, format!("{expected}?a%26b=1%2B1%3D2%20%25%C3%A9"), "{path}");
        }
    }

    #[test]
    fn a_query_is_grouped_by_key() {
        assert_eq!(
            grouped("a=1&b=2&&a=3=4&flag&=x&"),
            [("a", vec!["1", "3=4"]), ("b", vec!["2"]), ("flag", vec![""]), ("", vec!["x"])]
        );
        assert!(grouped("").is_empty());
    }
}
