//! The `content-length` of a response.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::headers::text;

/// Whether headers state exactly one length, perhaps several times. A stream is checked against it as it flows.
pub(crate) fn is_one(headers: &HeaderMap) -> bool {
    let mut stated = headers.get_all(CONTENT_LENGTH).iter().map(number);
    stated.next().flatten().is_some_and(|first| stated.all(|other| other == Some(first)))
}

/// The value of a `content-length` that is not a number or differs from the length of the body; `None` if the header is
/// correct or missing. `head` means that the response answers a `HEAD` request. For `HEAD` and 304 any number is
/// accepted, because it describes a body that is not sent. For 204 the header itself is not sent (RFC 9110, section
/// 8.6), so it is ignored.
pub(crate) fn contradiction(response: &Response<Bytes>, head: bool) -> Option<String> {
    let status = response.status();
    let actual = response.body().len();
    let is_right = |stated: &HeaderValue| match number(stated) {
        Some(_) if head || status == StatusCode::NOT_MODIFIED => true,
        Some(length) => usize::try_from(length) == Ok(actual),
        None => false,
    };
    let mut stated = response.headers().get_all(CONTENT_LENGTH).iter();
    let wrong = stated.find(|stated| status != StatusCode::NO_CONTENT && !is_right(stated))?;
    Some(text(wrong).into_owned())
}

/// A length of digits only.
fn number(stated: &HeaderValue) -> Option<u64> {
    stated.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}
