//! Decodes a reply into a response.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::encode::FRONT;
use super::{HeaderMode, LIMITS, ReplyError, ReplyForm};
use crate::front::reply_document::{self, HeaderLine, REPLY, ReplyDocument, TextMap, multi_lines, single_lines};
use crate::front::reply_error::within;
use crate::http::values::MultiMap;
use crate::json::{InvalidMember, Member, MemberPath};

/// Decodes a function's reply as strictly as a load balancer does, and returns the response for the client.
///
/// `form` is the form that the event required. These replies are rejected:
///
/// - a document that is not a JSON object, or has null anywhere;
/// - a `statusCode` that is missing, not an integer, or outside 200 to 599;
/// - a `statusDescription` that is not a string, contains control characters, or begins with another code;
/// - an `isBase64Encoded` that is not a boolean;
/// - only the map of the other mode;
/// - a header value that is not a string, or contains control characters;
/// - a body that is not a string, or not standard base64;
/// - more than 1 MiB of JSON or 32 KiB of headers.
///
/// Like a load balancer, this function removes hop-by-hop headers. It omits the body in the answer to `HEAD` and with
/// 204 and 304. It removes `content-length` if a body is sent, because the length is then known.
///
/// # Errors
/// [`ReplyError`], whose [`reason`](ReplyError::reason) is the code for the access log.
pub fn read_reply(reply: &[u8], form: ReplyForm) -> Result<Response<Bytes>, ReplyError> {
    let document = ReplyDocument::parse(reply, LIMITS.reply, FRONT)?.required(REPLY)?;

    let status = reply_document::status(document.status, document.description)?;
    let lines = lines(form.mode, document.headers, document.multi_headers)?;
    within("headers", lines.iter().map(HeaderLine::size).sum(), LIMITS.headers, FRONT)?;
    let keeps_length = form.head || status == StatusCode::NOT_MODIFIED;
    let headers = reply_document::headers(lines, keeps_length)?;
    let body = reply_document::body(document.body, document.is_base64)?;

    Ok(reply_document::response(status, headers, body, form.head))
}

/// The headers in the map of the mode. The other map may be present too, but not alone.
fn lines<'de>(
    mode: HeaderMode,
    single: Member<TextMap<'de>>,
    multi: Member<MultiMap<'de>>,
) -> Result<Vec<HeaderLine<'de>>, InvalidMember> {
    let (single_place, multi_place) = (MemberPath::field("headers"), MemberPath::field("multiValueHeaders"));
    match (mode, single.not_null(single_place)?, multi.not_null(multi_place)?) {
        (HeaderMode::Single, None, Some(_)) => {
            Err(multi_place.fault("the target group's headers are single-value: expected headers"))
        }
        (HeaderMode::Multi, Some(_), None) => {
            Err(single_place.fault("the target group's headers are multi-value: expected multiValueHeaders"))
        }
        (HeaderMode::Single, single, _) => single.map_or(Ok(Vec::new()), single_lines),
        (HeaderMode::Multi, _, multi) => multi.map_or(Ok(Vec::new()), multi_lines),
    }
}
