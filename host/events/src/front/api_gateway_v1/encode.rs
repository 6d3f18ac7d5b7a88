//! Encodes a response as a reply.

use crate::front::sendable::Sendable;
use crate::front::{EncodeError, FrontLimits};
use crate::http::header_writer::{HeaderWriter, Repeats};
use crate::json::JsonWriter;

/// Encodes a response in payload format 1.0, with `multiValueHeaders` alone: headers that are in both maps would be sent
/// twice. `front` is the front end in words.
pub(crate) fn encode(
    sendable: &Sendable<'_>,
    limits: FrontLimits,
    front: &'static str,
) -> Result<Vec<u8>, EncodeError> {
    let mut json = JsonWriter::new(sendable.expected_size(), limits.reply);
    json.raw(&format!(r#"{{"statusCode":{}"#, sendable.status.as_u16()));
    sendable.name_headers(&mut json, "multiValueHeaders");
    let mut map = HeaderWriter::open(&mut json, Repeats::Listed);
    for name in sendable.names() {
        sendable.listed(&mut map, name);
    }
    let size = map.close();
    sendable.finish(json, size, limits, front)
}
