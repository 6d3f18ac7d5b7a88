//! The `content-length` of a response.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Response, StatusCode};

use super::headers::text;

/// The value of a `content-length` that is not a number or differs from the length of the body; `None` if the header is
/// correct or missing. `head` means that the response answers a `HEAD` request. For `HEAD` and 304 any number is
/// accepted, because it describes a body that is not sent. For 204 the header itself is not sent (RFC 9110, section
/// 8.6), so it is ignored.
pub(crate) fn contradiction(response: &Response<Bytes>, head: bool) -> Option<String> {
    let status = response.status();
    let actual = response.body().len();
    let is_right = |stated: &HeaderValue| {
        let stated = stated.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        match stated.and_then(|text| text.parse::<u64>().ok()) {
            Some(_) if head || status == StatusCode::NOT_MODIFIED => true,
            Some(length) => usize::try_from(length) == Ok(actual),
            None => false,
        }
    };
    let mut stated = response.headers().get_all(CONTENT_LENGTH).iter();
    let wrong = stated.find(|stated| status != StatusCode::NO_CONTENT && !is_right(stated))?;
    Some(text(wrong).into_owned())
}
