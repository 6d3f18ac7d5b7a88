//! Encodes a response as a reply.

use bytes::Bytes;
use http::Response;
use http::header::SET_COOKIE;

use super::FormatTwo;
use crate::front::sendable::Sendable;
use crate::front::{EncodeError, FrontLimits, Reply};
use crate::http::header_writer::{HeaderWriter, Repeats};
use crate::http::headers::text;
use crate::json::JsonWriter;

/// Encodes a response in payload format 2.0: one text for each header, and a list of cookies.
pub(crate) fn encode(response: &Response<Bytes>, form: FormatTwo, limits: FrontLimits) -> Result<Reply, EncodeError> {
    let front = form.kind().words();
    let sendable = Sendable::check(response, form.head, front)?;
    let mut json = JsonWriter::new(sendable.expected_size(), limits.reply);
    json.raw(&format!(r#"{{"statusCode":{}"#, sendable.status.as_u16()));
    sendable.name_headers(&mut json, "headers");
    let mut map = HeaderWriter::open(&mut json, Repeats::Joined);
    for name in sendable.names().filter(|name| **name != SET_COOKIE) {
        sendable.joined(&mut map, name);
    }
    let size = map.close() + cookies(&mut json, &sendable);
    let json = sendable.finish(json, size, limits, front)?;
    Ok(Reply { json, cookie_variants: false, cookies_lost: 0 })
}

/// Writes the list of cookies, if there are any, and returns their size as lines of HTTP/1.1.
fn cookies(json: &mut JsonWriter, sendable: &Sendable<'_>) -> usize {
    let mut size = 0;
    let mut before = r#","cookies":["#;
    for cookie in sendable.cookies() {
        let cookie = text(cookie);
        json.raw(before);
        json.string(&cookie);
        size += SET_COOKIE.as_str().len() + cookie.len() + ": \r\n".len();
        before = ",";
    }
    if size > 0 {
        json.raw("]");
    }
    size
}
