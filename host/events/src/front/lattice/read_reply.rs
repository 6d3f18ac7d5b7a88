//! Decodes a reply into a response.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::LatticeForm;
use crate::front::reply_document::{self, ReplyDocument, single_lines};
use crate::front::reply_error::{ReplyError, within};
use crate::front::{FrontLimits, LAMBDA_LIMITS};
use crate::json::{Member, MemberPath};

/// Decodes a function's reply as VPC Lattice does: `statusCode`, `headers` and `isBase64Encoded` are required.
pub(crate) fn read_reply(reply: &[u8], form: LatticeForm) -> Result<Response<Bytes>, ReplyError> {
    let FrontLimits { reply: limit, .. } = LAMBDA_LIMITS;
    within("reply", reply.len(), limit, form.kind().words())?;
    let whole = MemberPath::field("reply");
    let document: Member<ReplyDocument<'_>> =
        serde_json::from_slice(reply).map_err(|error| whole.fault(format!("invalid JSON: {error}")))?;
    let document = document.required(whole)?;
    document.is_base64.required_ref(MemberPath::field("isBase64Encoded"))?;
    let status = reply_document::status(document.status, document.description)?;
    let lines = single_lines(document.headers.required(MemberPath::field("headers"))?)?;
    let headers = reply_document::headers(lines, form.head || status == StatusCode::NOT_MODIFIED)?;
    let body = reply_document::body(document.body, document.is_base64)?;
    Ok(reply_document::response(status, headers, body, form.head))
}
