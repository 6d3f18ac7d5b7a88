//! Accepts a `content-length` that is repeated with the same number (RFC 9110, section 8.6).
//!
//! Wasmtime rejects any second value. Libraries pass on the length of an upstream response together with their own, and
//! some servers send it twice. This module drops an equal value. A value that contradicts the first is still an error.
//! servers send it twice. Here an equal one is left out; one that contradicts the first stays a failing call.

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue};
use wasmtime_wasi_http::FieldMap;

type Entries = Vec<(String, Vec<u8>)>;

/// Merges the lengths in the headers of a server's response, which a guest may pass on unchanged.
pub(crate) fn unite(headers: &mut HeaderMap) {
    let mut values =
        headers.get_all(CONTENT_LENGTH).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let Some(first) = values.next().map(<[u8]>::trim_ascii) else { return };
    let Ok(one) = HeaderValue::from_bytes(first) else { return };
    if values.all(|value| value.trim_ascii() == first) {
        headers.insert(CONTENT_LENGTH, one);
    }
}

pub(crate) fn is_length(name: &str) -> bool {
    name.eq_ignore_ascii_case(CONTENT_LENGTH.as_str())
}

/// Whether the headers already state this length.
pub(crate) fn states(fields: &FieldMap, value: &[u8]) -> bool {
    fields
        .get(CONTENT_LENGTH)
        .is_some_and(|stated| number(stated.as_bytes()) == number(value) && number(value).is_some())
}

/// Removes the lengths that repeat the first.
pub(crate) fn once(mut entries: Entries) -> Entries {
    let mut stated = None;
    entries.retain(|(name, value)| {
        let length = if is_length(name) { number(value) } else { None };
        let repeated = length.is_some() && length == stated;
        stated = stated.or(length);
        !repeated
    });
    entries
}

/// One value, if all values state the same length.
pub(crate) fn same(mut values: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let first = values.first().and_then(|value| number(value));
    if first.is_some() && values.iter().all(|value| number(value) == first) {
        values.truncate(1);
    }
    values
}

/// Parses a length, which consists of digits only (RFC 9110).
fn number(value: &[u8]) -> Option<u64> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value).ok().filter(|_| digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(values: &[&str]) -> Vec<Vec<u8>> {
        values.iter().map(|value| value.as_bytes().to_vec()).collect()
    }

    #[test]
    fn only_repeated_lengths_are_removed() {
        let entries = |all: &[(&str, &str)]| -> Entries {
            all.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
        };
        let given =
            [("content-length", "5"), ("x", "5"), ("Content-Length", "05"), ("content-length", "6"), ("x", "5")];
        let left = [("content-length", "5"), ("x", "5"), ("content-length", "6"), ("x", "5")];
        assert_eq!(once(entries(&given)), entries(&left));
        assert_eq!(same(bytes(&["5", "5", "5"])), bytes(&["5"]));
        for values in [bytes(&["5", "6"]), bytes(&["+5", "+5"]), bytes(&[])] {
            assert_eq!(same(values.clone()), values);
        }
    }

    #[test]
    fn equal_lengths_of_a_response_are_merged_and_others_are_kept() {
        for (given, left) in [
            (&["18"][..], &["18"][..]),
            (&["18", "18"], &["18"]),
            (&["18, 18"], &["18"]),
            (&["18", "19"], &["18", "19"]),
            (&[], &[]),
        ] {
            let mut headers = HeaderMap::new();
            for value in given {
                headers.append(CONTENT_LENGTH, HeaderValue::from_static(value));
            }
            unite(&mut headers);
            assert_eq!(headers.get_all(CONTENT_LENGTH).iter().collect::<Vec<_>>(), left);
        }
    }
}
