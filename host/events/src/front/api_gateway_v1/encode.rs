//! Encodes a response as a reply.

use bytes::Bytes;
use http::Response;

use super::FormatOne;
use crate::front::sendable::Sendable;
use crate::front::{EncodeError, FrontLimits, Reply};
use crate::http::header_writer::{HeaderWriter, Repeats};
use crate::http::media::Media;
use crate::json::JsonWriter;

/// Encodes a response in payload format 1.0, with `multiValueHeaders` alone: headers that are in both maps would be sent
/// twice.
pub(crate) fn encode(response: &Response<Bytes>, form: FormatOne, limits: FrontLimits) -> Result<Reply, EncodeError> {
    let front = form.kind().words();
    let sendable = Sendable::check(response, form.head, front)?;
    let mut json = JsonWriter::new(sendable.expected_size(), limits.reply);
    json.raw(&format!(r#"{{"statusCode":{}"#, sendable.status.as_u16()));
    json.raw(match sendable.media {
        Media::Text(_) => r#","isBase64Encoded":false,"multiValueHeaders":"#,
        Media::Base64(_) => r#","isBase64Encoded":true,"multiValueHeaders":"#,
    });
    let mut map = HeaderWriter::open(&mut json, Repeats::Listed);
    for name in sendable.names() {
        sendable.listed(&mut map, name);
    }
    let size = map.close();
    json.raw(r#","body":"#);
    sendable.media.write(&mut json);
    json.raw("}");
    if size > limits.headers {
        return Err(EncodeError::Headers { size, limit: limits.headers, front });
    }
    let json = json.finish().map_err(|size| EncodeError::Reply { size, limit: limits.reply, front })?;
    Ok(Reply { json, cookie_variants: false, cookies_lost: 0 })
}
