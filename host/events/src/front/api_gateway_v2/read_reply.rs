//! Decodes a reply into a response.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::FormatTwo;
use crate::front::LAMBDA_LIMITS;
use crate::front::reply_document::{self, ReplyDocument, cookie_lines, single_lines};
use crate::front::reply_error::ReplyError;
use crate::json::{Member, MemberPath};

/// Decodes a function's reply as an HTTP API or a function URL does.
///
/// JSON that is no object with a `statusCode` is the body of a response with the status 200 (AWS, "Format of Lambda
/// function response for payload format version 2.0").
pub(crate) fn read_reply(reply: &[u8], form: FormatTwo) -> Result<Response<Bytes>, ReplyError> {
    let document = ReplyDocument::parse(reply, LAMBDA_LIMITS.reply, form.kind().words())?;
    let document = match document {
        Member::Is(document) if !matches!(document.status, Member::Absent) => document,
        _ => return Ok(inferred(reply, form)),
    };
    let status = reply_document::status(document.status, Member::Absent)?;
    let mut lines = document.headers.not_null(MemberPath::field("headers"))?.map_or(Ok(Vec::new()), single_lines)?;
    lines.extend(cookie_lines(document.cookies)?);
    let headers = reply_document::headers(lines, form.head || status == StatusCode::NOT_MODIFIED)?;
    let body = reply_document::body(document.body, document.is_base64)?;
    Ok(reply_document::response(status, headers, body, form.head))
}

/// Decodes the prelude of a stream as a function URL does. The status is 200 unless the prelude states one.
pub(crate) fn read_prelude(prelude: &[u8], front: &'static str) -> Result<Response<()>, ReplyError> {
    let document = ReplyDocument::prelude(prelude, front)?;
    let status = match document.status {
        Member::Absent => StatusCode::OK,
        status => reply_document::status(status, Member::Absent)?,
    };
    let mut lines = document.headers.not_null(MemberPath::field("headers"))?.map_or(Ok(Vec::new()), single_lines)?;
    lines.extend(cookie_lines(document.cookies)?);
    Ok(reply_document::head(status, lines)?)
}

fn inferred(reply: &[u8], form: FormatTwo) -> Response<Bytes> {
    let json = HeaderValue::from_static("application/json");
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
    reply_document::response(StatusCode::OK, headers, Bytes::copy_from_slice(reply), form.head)
}
