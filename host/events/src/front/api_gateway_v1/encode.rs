//! Encodes a response as a reply.

use bytes::Bytes;
use http::Response;

use super::FormatOne;
use crate::front::sendable::Sendable;
use crate::front::{EncodeError, FrontLimits, Reply};
use crate::http::header_writer::{HeaderWriter, Repeats};
use crate::json::JsonWriter;

/// Encodes a response in payload format 1.0, with `multiValueHeaders` alone: headers that are in both maps would be sent
/// twice.
pub(crate) fn encode(response: &Response<Bytes>, form: FormatOne, limits: FrontLimits) -> Result<Reply, EncodeError> {
    let front = form.kind().words();
    let sendable = Sendable::check(response, form.head, front)?;
    let mut json = JsonWriter::new(sendable.expected_size(), limits.reply);
    json.raw(&format!(r#"{{"statusCode":{}"#, sendable.status.as_u16()));
    sendable.name_headers(&mut json, "multiValueHeaders");
    let mut map = HeaderWriter::open(&mut json, Repeats::Listed);
    for name in sendable.names() {
        sendable.listed(&mut map, name);
    }
    let size = map.close();
    let json = sendable.finish(json, size, limits, front)?;
    Ok(Reply { json, cookie_variants: false, cookies_lost: 0 })
}
