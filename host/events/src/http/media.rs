//! Chooses between text and base64 for a body.

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use crate::json::JsonWriter;

/// A body as it is written to JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media<'a> {
    Text(&'a str),
    Base64(&'a [u8]),
}

impl Media<'_> {
    /// Writes the body as a JSON string.
    pub(crate) fn write(self, json: &mut JsonWriter) {
        match self {
            Self::Text(text) => json.string(text),
            Self::Base64(bytes) => json.base64(bytes),
        }
    }
}

/// The encoding of a response's body: base64 if it has a `Content-Encoding`, if its media type is not textual, or if
/// its bytes are not UTF-8. Without a `Content-Type`, the bytes alone decide.
pub(crate) fn of_response<'a>(headers: &HeaderMap, body: &'a [u8]) -> Media<'a> {
    choose(headers, body, |essence| essence.is_none_or(is_textual))
}

/// The encoding of a request's body by the rules of the front ends: base64 if it has a `Content-Encoding`, otherwise
/// text if its media type is `text/*`, `application/json`, `application/javascript` or `application/xml` (AWS, "Use
/// Lambda functions as targets of an Application Load Balancer", and "AWS Lambda proxy integrations for HTTP APIs").
/// Bytes that are not UTF-8 are always base64, because JSON cannot represent them.
pub(crate) fn of_request<'a>(headers: &HeaderMap, body: &'a [u8]) -> Media<'a> {
    choose(headers, body, |essence| {
        essence.is_some_and(|essence| {
            essence.starts_with("text/")
                || matches!(essence, "application/json" | "application/javascript" | "application/xml")
        })
    })
}

/// The encoding of a body with these headers: base64 if it has a `Content-Encoding`, if `is_text` rejects its media
/// type, or if its bytes are not UTF-8, which JSON cannot represent.
pub(crate) fn choose<'a>(headers: &HeaderMap, body: &'a [u8], is_text: impl Fn(Option<&str>) -> bool) -> Media<'a> {
    let is_text = || !headers.contains_key(CONTENT_ENCODING) && is_text(essence(headers).as_deref());
    match std::str::from_utf8(body) {
        Ok(text) if body.is_empty() || is_text() => Media::Text(text),
        _ => Media::Base64(body),
    }
}

/// Whether headers state a media type whose bodies are text, such as `text/html`, JSON, XML or SVG.
pub fn has_textual_type(headers: &HeaderMap) -> bool {
    essence(headers).is_some_and(|essence| is_textual(&essence))
}

/// The media type without parameters, in lower case; `None` without a `Content-Type`.
fn essence(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.as_bytes();
    let essence = value.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    Some(String::from_utf8_lossy(essence).to_ascii_lowercase())
}

fn is_textual(essence: &str) -> bool {
    const TYPES: [&str; 10] = [
        "application/ecmascript",
        "application/javascript",
        "application/json",
        "application/json5",
        "application/x-javascript",
        "application/x-ndjson",
        "application/x-www-form-urlencoded",
        "application/x-yaml",
        "application/xml",
        "application/yaml",
    ];
    essence.starts_with("text/")
        || TYPES.contains(&essence)
        || ["+json", "+xml", "+yaml"].iter().any(|suffix| essence.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::{Media, of_request, of_response};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|&(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn the_media_type_of_a_response_decides() {
        for (content_type, text) in [
            ("text/html; charset=utf-8", true),
            ("TEXT/Plain", true),
            ("application/json;charset=utf-8", true),
            ("application/problem+json", true),
            ("image/svg+xml", true),
            ("application/vnd.oai.openapi+yaml ; version=3", true),
            ("application/x-www-form-urlencoded", true),
            ("image/png", false),
            ("application/octet-stream", false),
            ("application/json-compress", false),
            ("multipart/form-data; boundary=x", false),
            ("", false),
        ] {
            let body = of_response(&headers(&[("content-type", content_type)]), b"x");
            assert_eq!(matches!(body, Media::Text(_)), text, "{content_type}");
        }
    }

    #[test]
    fn a_request_follows_the_front_ends_shorter_list() {
        for (content_type, text) in [
            ("text/csv", true),
            ("application/json; charset=utf-8", true),
            ("application/problem+json", false),
            ("application/x-www-form-urlencoded", false),
        ] {
            let body = of_request(&headers(&[("content-type", content_type)]), b"x");
            assert_eq!(matches!(body, Media::Text(_)), text, "{content_type}");
        }
        assert_eq!(of_request(&HeaderMap::new(), b"x"), Media::Base64(b"x"));
        assert_eq!(of_request(&HeaderMap::new(), b""), Media::Text(""));
    }

    #[test]
    fn the_content_encoding_and_the_bytes_decide_too() {
        assert_eq!(of_response(&headers(&[]), b"x"), Media::Text("x"));
        assert_eq!(of_response(&headers(&[]), b"\xff"), Media::Base64(b"\xff"));
        assert_eq!(of_response(&headers(&[("content-type", "text/plain")]), b"\xe9"), Media::Base64(b"\xe9"));
        let encoded = headers(&[("content-type", "text/plain"), ("content-encoding", "gzip")]);
        assert_eq!(of_response(&encoded, b"x"), Media::Base64(b"x"));
        assert_eq!(of_response(&encoded, b""), Media::Text(""));
    }
}
