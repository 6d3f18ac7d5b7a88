//! Frames a request's body, so that a server gets the same message over HTTP/1.1 and HTTP/2.

use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TE, TRAILER, TRANSFER_ENCODING};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Uri};

use super::origin::Origin;
use super::request_body::{RequestBody, Sending, Sent};

/// The length that the guest states. The body must have exactly this length.
pub(crate) fn stated_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// Prepares the head for HTTP/1.1 or HTTP/2, and returns a handle to the body.
pub(crate) fn prepare(parts: &mut Parts, body: &RequestBody, origin: &Origin, http1: bool) -> (Sending, Sent) {
    if http1 {
        address(parts, origin);
    }
    let headers = &mut parts.headers;
    let is_empty = body.is_empty();
    if is_empty && expects_body(&parts.method) && !headers.contains_key(CONTENT_LENGTH) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    let trailers = headers.contains_key(TRAILER) && !is_empty;
    if http1 && !is_empty && (trailers || !headers.contains_key(CONTENT_LENGTH)) {
        // Only a chunked body can have trailers. Without `transfer-encoding`, hyper sends no body of unknown length
        // with GET.
        headers.remove(CONTENT_LENGTH);
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    body.sending(stated_length(headers), trailers || !http1)
}

/// Whether a server may wait for a body unless `content-length: 0` is sent (RFC 9110, section 8.6).
fn expects_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

/// Sets the target for HTTP/1.1: the path, with the origin in `host`.
fn address(parts: &mut Parts, origin: &Origin) {
    let path = parts.uri.path_and_query().cloned();
    parts.uri = Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    // This always succeeds: all characters of an authority are valid in a header.
    if let Ok(host) = HeaderValue::try_from(origin.authority()) {
        parts.headers.insert(HOST, host);
    }
    if parts.headers.contains_key(TE) {
        parts.headers.insert(CONNECTION, HeaderValue::from_static("te"));
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;
    use http_body_util::{BodyExt, Empty, Full};

    use super::*;

    fn headers(http1: bool, method: &str, headers: &[(&str, &str)], body: &'static str) -> Vec<String> {
        let mut request = Request::builder().method(method).uri("http://shop.example/a?b");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let body = if body.is_empty() {
            Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync()
        } else {
            Full::from(body).map_err(|never| match never {}).boxed_unsync()
        };
        let origin = Origin::of(&parts.uri).unwrap();
        prepare(&mut parts, &RequestBody::new(body), &origin, http1);
        parts.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
    }

    #[test]
    fn a_body_is_framed_for_the_version_of_http() {
        let host = "host: shop.example";
        for (method, given, body, http1, http2) in [
            ("GET", &[][..], "", &[host][..], &[][..]),
            ("GET", &[], "a", &[host, "transfer-encoding: chunked"], &[]),
            ("GET", &[("content-length", "1")], "a", &["content-length: 1", host], &["content-length: 1"]),
            ("POST", &[], "", &[host, "content-length: 0"], &["content-length: 0"]),
            ("POST", &[("content-length", "0")], "", &["content-length: 0", host], &["content-length: 0"]),
            ("DELETE", &[], "", &[host], &[]),
            ("POST", &[], "a", &[host, "transfer-encoding: chunked"], &[]),
            (
                "PUT",
                &[("content-length", "1"), ("trailer", "x-sum")],
                "a",
                &["trailer: x-sum", host, "transfer-encoding: chunked"],
                &["content-length: 1", "trailer: x-sum"],
            ),
            ("GET", &[("te", "trailers")], "", &["te: trailers", host, "connection: te"], &["te: trailers"]),
        ] {
            let sorted = |list: &[&str]| {
                let mut list: Vec<String> = list.iter().map(|&line| line.to_owned()).collect();
                list.sort_unstable();
                list
            };
            for (is_http1, expected) in [(true, http1), (false, http2)] {
                let mut seen = headers(is_http1, method, given, body);
                seen.sort_unstable();
                assert_eq!(seen, sorted(expected), "{method} {given:?} {body:?}");
            }
        }
    }
}
