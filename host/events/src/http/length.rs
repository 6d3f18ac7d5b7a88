//! What a response says about its length.

use super::headers::text;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_LENGTH};

/// A `content-length` that is no number, or not the length of the body; none where all is well. `head` says that the
/// response answers `HEAD`: with that, and with 304, any number may stand, because it speaks of a body that is not
/// sent. With 204 it is not sent itself (RFC 9110, section 8.6), and means nothing.
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
