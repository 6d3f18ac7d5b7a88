//! Encodes a response as a reply.

use http::header::SET_COOKIE;

use crate::front::sendable::Sendable;
use crate::front::{EncodeError, FrontLimits};
use crate::http::header_writer::{HeaderWriter, Repeats};
use crate::http::headers::text;
use crate::json::JsonWriter;

/// Encodes a response in payload format 2.0: one text for each header, and a list of cookies. `front` is the front end in
/// words.
pub(crate) fn encode(
    sendable: &Sendable<'_>,
    limits: FrontLimits,
    front: &'static str,
) -> Result<Vec<u8>, EncodeError> {
    let mut json = JsonWriter::new(sendable.expected_size(), limits.reply);
    json.raw(&format!(r#"{{"statusCode":{}"#, sendable.status.as_u16()));
    sendable.name_headers(&mut json, "headers");
    let mut map = HeaderWriter::open(&mut json, Repeats::Joined);
    for name in sendable.names().filter(|name| **name != SET_COOKIE) {
        sendable.joined(&mut map, name);
    }
    let size = map.close() + cookies(&mut json, sendable);
    sendable.finish(json, size, limits, front)
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
