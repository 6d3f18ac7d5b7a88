//! Decodes a reply into a response.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::LatticeForm;
use crate::front::LAMBDA_LIMITS;
use crate::front::reply_document::{self, REPLY, ReplyDocument, single_lines};
use crate::front::reply_error::ReplyError;
use crate::json::MemberPath;

/// Decodes a function's reply as VPC Lattice does: `statusCode`, `headers` and `isBase64Encoded` are required.
pub(crate) fn read_reply(reply: &[u8], form: LatticeForm) -> Result<Response<Bytes>, ReplyError> {
    let document = ReplyDocument::parse(reply, LAMBDA_LIMITS.reply, form.kind().words())?.required(REPLY)?;
    document.is_base64.required_ref(MemberPath::field("isBase64Encoded"))?;
    let status = reply_document::status(document.status, document.description)?;
    let lines = single_lines(document.headers.required(MemberPath::field("headers"))?)?;
    let headers = reply_document::headers(lines, form.head || status == StatusCode::NOT_MODIFIED)?;
    let body = reply_document::body(document.body, document.is_base64)?;
    Ok(reply_document::response(status, headers, body, form.head))
}
