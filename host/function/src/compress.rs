//! Compresses whole answers with gzip: `response.compress`.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use funcserver_events::has_textual_type;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

/// A body of this size or less fits in a packet or two, compressed or not.
const SMALLEST: usize = 1024;

/// Whether a client takes gzip: `Accept-Encoding` names it, or `*`, and does not refuse it with `q=0` (RFC 9110, section
/// 12.5.3).
pub(crate) fn is_accepted(request: &HeaderMap) -> bool {
    let items = request.get_all(ACCEPT_ENCODING).iter().filter_map(|list| list.to_str().ok());
    let mut any = false;
    for item in items.flat_map(|list| list.split(',')) {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        let weight = parameters.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse::<f32>().ok());
        let is_wanted = weight.is_none_or(|weight| weight > 0.0);
        match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => return is_wanted,
            "*" => any = is_wanted,
            _ => {}
        }
    }
    any
}

/// Compresses an answer if its type is textual and it is large enough. It keeps an answer that has an encoding, is a part
/// or a stream of events, or must not be transformed. `Vary` is set whether this client takes gzip or not, so that
/// caches keep the two apart.
pub(crate) fn compress(response: &mut Response<Bytes>, is_accepted: bool) {
    if !is_compressible(response) {
        return;
    }
    let headers = response.headers_mut();
    if !has_item(headers, VARY, "accept-encoding") && !has_item(headers, VARY, "*") {
        // A full map has no room for it. Then the answer stays as it is.
        let Ok(_) = headers.try_append(VARY, HeaderValue::from_static("accept-encoding")) else { return };
    }
    if !is_accepted {
        return;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(response.body().len() / 4), Compression::fast());
    // Writing to memory does not fail.
    let Ok(compressed) = encoder.write_all(response.body()).and_then(|()| encoder.finish()) else { return };
    if compressed.len() >= response.body().len()
        || response.headers_mut().try_insert(CONTENT_ENCODING, HeaderValue::from_static("gzip")).is_err()
    {
        return;
    }
    *response.body_mut() = compressed.into();
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    weaken(headers);
}

fn is_compressible(response: &Response<Bytes>) -> bool {
    let headers = response.headers();
    let is_whole = !matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        && !headers.contains_key(CONTENT_RANGE)
        && is_length_true(response);
    is_whole
        && response.body().len() > SMALLEST
        && headers.contains_key(CONTENT_TYPE)
        && !headers.contains_key(CONTENT_ENCODING)
        && !has_item(headers, CACHE_CONTROL, "no-transform")
        && has_textual_type(headers)
        && !headers[CONTENT_TYPE].as_bytes().to_ascii_lowercase().starts_with(b"text/event-stream")
}

/// A wrong `content-length` is a failure, which removing it would hide.
fn is_length_true(response: &Response<Bytes>) -> bool {
    let length = response.body().len().to_string();
    response.headers().get_all(CONTENT_LENGTH).iter().all(|stated| stated.as_bytes() == length.as_bytes())
}

/// Whether a header that is a list has this item.
fn has_item(headers: &HeaderMap, name: HeaderName, item: &str) -> bool {
    let lists = headers.get_all(name).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|found| found.trim().eq_ignore_ascii_case(item))
}

/// Two encodings of an answer are not the same bytes, so a strong `etag` becomes a weak one (RFC 9110, section 8.8.3).
fn weaken(headers: &mut HeaderMap) {
    let Some(tag) = headers.get(ETAG).filter(|tag| tag.as_bytes().starts_with(b"\"")) else { return };
    if let Ok(weak) = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat()) {
        headers.insert(ETAG, weak);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn request(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_client_names_gzip_and_may_refuse_it() {
        for (value, accepted) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("*", true),
            ("gzip;q=0, *", false),
            ("*;q=0", false),
            ("gzip; q=0.000", false),
            ("br", false),
            ("", false),
        ] {
            assert_eq!(is_accepted(&request(value)), accepted, "{value}");
        }
        assert!(!is_accepted(&HeaderMap::new()));
    }

    fn answer(headers: &[(&'static str, &'static str)], size: usize) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from("a line of a text\n".repeat(size / 17 + 1)));
        for (name, value) in headers {
            response.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        response
    }

    #[test]
    fn a_large_text_is_compressed() {
        let mut response = answer(&[("content-type", "text/html"), ("vary", "origin"), ("etag", "\"a\"")], 5000);
        let plain = response.body().clone();
        compress(&mut response, true);
        let mut text = Vec::new();
        GzDecoder::new(&response.body()[..]).read_to_end(&mut text).unwrap();
        assert_eq!(text, plain);
        assert_eq!(response.headers()[CONTENT_ENCODING], "gzip");
        assert_eq!(response.headers()[ETAG], "W/\"a\"");
        assert_eq!(response.headers().get_all(VARY).iter().collect::<Vec<_>>(), ["origin", "accept-encoding"]);
    }

    #[test]
    fn caches_keep_the_answers_apart_if_the_client_does_not_take_gzip() {
        let mut response = answer(&[("content-type", "text/html")], 5000);
        compress(&mut response, false);
        assert!(!response.headers().contains_key(CONTENT_ENCODING));
        assert_eq!(response.headers()[VARY], "accept-encoding");
    }

    #[test]
    fn other_answers_stay_as_they_are() {
        for (headers, size) in [
            (&[("content-type", "text/html")][..], 500),
            (&[("content-type", "image/png")], 5000),
            (&[], 5000),
            (&[("content-type", "text/html"), ("content-encoding", "br")], 5000),
            (&[("content-type", "text/html"), ("cache-control", "public, no-transform")], 5000),
            (&[("content-type", "text/html"), ("content-range", "bytes 0-1/2")], 5000),
            (&[("content-type", "text/html"), ("content-length", "7")], 5000),
            (&[("content-type", "text/event-stream; charset=utf-8")], 5000),
        ] {
            let mut response = answer(headers, size);
            compress(&mut response, true);
            assert_eq!(
                (response.headers(), response.body()),
                (answer(headers, size).headers(), answer(headers, size).body())
            );
        }
    }
}
