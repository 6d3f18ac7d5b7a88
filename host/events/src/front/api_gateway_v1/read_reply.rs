//! Decodes a reply into a response.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};

use super::FormatOne;
use crate::front::LAMBDA_LIMITS;
use crate::front::reply_document::{
    self, HeaderLine, REPLY, ReplyDocument, TextMap, cookie_lines, multi_lines, single_lines,
};
use crate::front::reply_error::ReplyError;
use crate::http::values::MultiMap;
use crate::json::{InvalidMember, Member, MemberPath};

/// The response headers that a REST API sends under another name (AWS, "Amazon API Gateway important notes").
const REMAPPED: [&str; 8] =
    ["authorization", "connection", "content-md5", "date", "max-forwards", "server", "user-agent", "www-authenticate"];
/// The response headers that a REST API does not send.
const DROPPED: [&str; 6] = ["expect", "host", "te", "trailer", "transfer-encoding", "upgrade"];

/// Decodes a function's reply as a REST API, or an HTTP API with payload format 1.0, does. Both maps of headers count.
pub(crate) fn read_reply(reply: &[u8], form: FormatOne) -> Result<Response<Bytes>, ReplyError> {
    let document = ReplyDocument::parse(reply, LAMBDA_LIMITS.reply, form.kind().words())?.required(REPLY)?;
    let status = reply_document::status(document.status, Member::Absent)?;
    let lines = both_maps(document.headers, document.multi_headers)?;
    let mut headers = reply_document::headers(lines, form.head || status == StatusCode::NOT_MODIFIED)?;
    let body = reply_document::body(document.body, document.is_base64)?;
    if form.is_rest {
        headers = remapped(headers);
    }
    Ok(reply_document::response(status, headers, body, form.head))
}

/// Decodes the prelude of a stream as a REST API does. Both maps of headers count, and the list of cookies.
pub(crate) fn read_prelude(prelude: &[u8], front: &'static str) -> Result<Response<()>, ReplyError> {
    let document = ReplyDocument::prelude(prelude, front)?;
    let status = reply_document::status(document.status, Member::Absent)?;
    let mut lines = both_maps(document.headers, document.multi_headers)?;
    lines.extend(cookie_lines(document.cookies)?);
    let mut response = reply_document::head(status, lines)?;
    *response.headers_mut() = remapped(std::mem::take(response.headers_mut()));
    Ok(response)
}

fn both_maps<'de>(
    single: Member<TextMap<'de>>,
    multi: Member<MultiMap<'de>>,
) -> Result<Vec<HeaderLine<'de>>, InvalidMember> {
    let single = single.optional(MemberPath::field("headers"))?;
    let multi = multi.optional(MemberPath::field("multiValueHeaders"))?;
    let mut lines = multi.map_or(Ok(Vec::new()), multi_lines)?;
    let singles = single.map_or(Ok(Vec::new()), single_lines)?;
    lines.extend(singles);
    Ok(lines)
}

/// The headers as a REST API sends them. A response without a type is JSON.
fn remapped(headers: HeaderMap) -> HeaderMap {
    let mut sent = HeaderMap::new();
    let mut last = None;
    for (name, value) in headers {
        last = name.or(last);
        let Some(name) = &last else { continue };
        if DROPPED.contains(&name.as_str()) {
            continue;
        }
        let remapped = REMAPPED.contains(&name.as_str()).then(|| format!("x-amzn-remapped-{name}"));
        let name = remapped.and_then(|name| HeaderName::try_from(name).ok()).unwrap_or_else(|| name.clone());
        // The map has no more names than before.
        let _ = sent.try_append(name, value);
    }
    if !sent.contains_key(CONTENT_TYPE) {
        let _ = sent.try_insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    sent
}
