//! Encodes a request as an event.

use std::borrow::Cow;

use bytes::Bytes;
use http::Request;
use percent_encoding::percent_decode_str;

use crate::front::event_parts::{EventParts, list, member, text_map, text_member};
use crate::front::{EventError, EventFacts, FrontKind, Losses};
use crate::json::JsonWriter;

/// Encodes a request as the event of a function URL, or of an HTTP API.
pub(crate) fn event(kind: FrontKind, request: &Request<Bytes>, facts: &EventFacts) -> Result<Vec<u8>, EventError> {
    let host = EventParts::host(request);
    let parts = EventParts::of(request, host.as_ref())?;
    let path = if kind == FrontKind::Url { parts.path.into() } else { public_path(parts.path, &facts.stage) };
    let mut json = parts.writer();
    json.raw(r#"{"version":"2.0","routeKey":"$default""#);
    text_member(&mut json, ",", "rawPath", &path);
    text_member(&mut json, ",", "rawQueryString", parts.query);
    let cookies = cookies(&parts);
    if !cookies.is_empty() {
        member(&mut json, ",", "cookies");
        list(&mut json, cookies.iter());
    }
    member(&mut json, ",", "headers");
    let Losses { cookies_split, dropped, .. } = kind.losses();
    let is_sent = |name: &str| !(cookies_split && name == "cookie" || dropped.contains(&name));
    let headers = parts.headers.iter().filter(|(name, _)| is_sent(name));
    // Cookies are joined by the separator that their own header has.
    let separator = |name: &str| if name == "cookie" { "; " } else { "," };
    text_map(&mut json, headers.map(|(name, values)| (name, values.join(separator(name)))));
    context(&mut json, kind, &parts, &path, facts);
    if parts.has_no_body() {
        json.raw(r#","isBase64Encoded":false}"#);
        // No document reaches a limit of usize::MAX.
        return Ok(json.finish().unwrap_or_default());
    }
    Ok(parts.end(json, "body", "isBase64Encoded"))
}

/// The path of an HTTP API's event: decoded, with the stage in front. A decoded `?` ends it.
pub(crate) fn public_path<'a>(path: &'a str, stage: &str) -> Cow<'a, str> {
    let decoded = match percent_decode_str(path).decode_utf8_lossy() {
        Cow::Borrowed(path) => Cow::Borrowed(path.split('?').next().unwrap_or_default()),
        Cow::Owned(path) => Cow::Owned(path.split('?').next().unwrap_or_default().to_owned()),
    };
    if stage == "$default" { decoded } else { format!("/{stage}{decoded}").into() }
}

/// The cookies, one by one.
fn cookies<'a>(parts: &EventParts<'a>) -> Vec<&'a str> {
    let headers = parts.headers.iter().filter(|(name, _)| *name == "cookie");
    let values = headers.flat_map(|(_, values)| values.iter().flat_map(|value| value.split(';')));
    values.map(str::trim).filter(|cookie| !cookie.is_empty()).collect()
}

fn context(json: &mut JsonWriter, kind: FrontKind, parts: &EventParts<'_>, path: &str, facts: &EventFacts) {
    let EventFacts { domain, client, request_id, time_ms, stage, .. } = facts;
    let prefix = domain.split('.').next().unwrap_or_default();
    let is_url = kind == FrontKind::Url;
    member(json, ",", "requestContext");
    text_member(json, "{", "accountId", if is_url { "anonymous" } else { "123456789012" });
    text_member(json, ",", "apiId", prefix);
    text_member(json, ",", "domainName", domain);
    text_member(json, ",", "domainPrefix", prefix);
    member(json, ",", "http");
    text_member(json, "{", "method", parts.method);
    text_member(json, ",", "path", path);
    text_member(json, ",", "protocol", "HTTP/1.1");
    text_member(json, ",", "sourceIp", client);
    let agent = parts.headers.iter().find(|(name, _)| *name == "user-agent");
    text_member(json, ",", "userAgent", agent.and_then(|(_, values)| values.first()).copied().unwrap_or_default());
    json.raw("}");
    text_member(json, ",", "requestId", request_id);
    text_member(json, ",", "routeKey", "$default");
    text_member(json, ",", "stage", if is_url { "$default" } else { stage });
    json.raw(&format!(r#","timeEpoch":{time_ms}}}"#));
}
