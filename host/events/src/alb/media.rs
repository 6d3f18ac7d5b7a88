//! Which bodies travel as text, and which as base64.

use http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};

/// The body of a request or a response, as it stands in JSON.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Media<'a> {
    Text(&'a str),
    Base64(&'a [u8]),
}

/// A request's body, by the rule of the load balancer: base64 when it has a `Content-Encoding`; otherwise text if its type
/// is `text/*`, `application/json`, `application/javascript` or `application/xml`. (AWS, "Use Lambda functions as targets of
/// an Application Load Balancer".) JSON holds no bytes that are no UTF-8: those are base64 whatever their type.
pub(super) fn of_request<'a>(headers: &HeaderMap, body: &'a [u8]) -> Media<'a> {
    let is_text =
        !headers.contains_key(CONTENT_ENCODING) && essence(headers).is_some_and(|essence| is_request_text(&essence));
    choose(is_text || body.is_empty(), body)
}

/// A response's body: base64 when it has a `Content-Encoding`, when its type is not textual, or when its bytes are no UTF-8.
/// Without a type the bytes decide.
pub(super) fn of_response<'a>(headers: &HeaderMap, body: &'a [u8]) -> Media<'a> {
    let is_text =
        !headers.contains_key(CONTENT_ENCODING) && essence(headers).is_none_or(|essence| is_textual(&essence));
    choose(is_text || body.is_empty(), body)
}

fn choose(is_text: bool, body: &[u8]) -> Media<'_> {
    match std::str::from_utf8(body) {
        Ok(text) if is_text => Media::Text(text),
        _ => Media::Base64(body),
    }
}

/// The media type without parameters, in lower case; nothing without a `Content-Type`.
fn essence(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.as_bytes();
    let essence = value.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    Some(String::from_utf8_lossy(essence).to_ascii_lowercase())
}

fn is_request_text(essence: &str) -> bool {
    essence.starts_with("text/") || matches!(essence, "application/json" | "application/javascript" | "application/xml")
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
    use super::{Media, of_request, of_response};
    use http::{HeaderMap, HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|&(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn a_responses_type_decides() {
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
    fn encodings_and_bytes_decide_too() {
        assert_eq!(of_response(&headers(&[]), b"x"), Media::Text("x"));
        assert_eq!(of_response(&headers(&[]), b"\xff"), Media::Base64(b"\xff"));
        assert_eq!(of_response(&headers(&[("content-type", "text/plain")]), b"\xe9"), Media::Base64(b"\xe9"));
        let encoded = headers(&[("content-type", "text/plain"), ("content-encoding", "gzip")]);
        assert_eq!(of_response(&encoded, b"x"), Media::Base64(b"x"));
        assert_eq!(of_response(&encoded, b""), Media::Text(""));
    }

    #[test]
    fn a_request_follows_the_load_balancers_shorter_list() {
        for (content_type, text) in [
            ("text/csv", true),
            ("application/json; charset=utf-8", true),
            ("application/problem+json", false),
            ("application/x-www-form-urlencoded", false),
        ] {
            let body = of_request(&headers(&[("content-type", content_type)]), b"x");
            assert_eq!(matches!(body, Media::Text(_)), text, "{content_type}");
        }
        assert_eq!(of_request(&headers(&[]), b"x"), Media::Base64(b"x"));
        assert_eq!(of_request(&headers(&[]), b""), Media::Text(""));
    }
}
