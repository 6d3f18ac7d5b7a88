//! Encodes a request as an event.

use std::borrow::Cow;

use bytes::Bytes;
use http::Request;
use percent_encoding::percent_decode_str;

use crate::front::api_gateway_v2::public_path;
use crate::front::event_parts::{EventParts, list_map, member, text_map, text_member};
use crate::front::{EventError, EventFacts, FrontKind};
use crate::json::JsonWriter;

/// Encodes a request as the event of a REST API, or of an HTTP API with payload format 1.0.
pub(crate) fn event(kind: FrontKind, request: &Request<Bytes>, facts: &EventFacts) -> Result<Vec<u8>, EventError> {
    let host = EventParts::host(request);
    let parts = EventParts::of(request, host.as_ref())?;
    let is_rest = kind == FrontKind::Rest;
    let (path, public) = if is_rest {
        let stage = if facts.stage == "$default" { String::new() } else { format!("/{}", facts.stage) };
        (Cow::Borrowed(parts.path), Cow::Owned(format!("{stage}{}", parts.path)))
    } else {
        let path = public_path(parts.path, &facts.stage);
        (path.clone(), path)
    };
    let mut json = parts.writer();
    json.raw(if is_rest { r#"{"resource":"/{proxy+}""# } else { r#"{"version":"1.0","resource":"$default""# });
    text_member(&mut json, ",", "path", &path);
    text_member(&mut json, ",", "httpMethod", parts.method);
    let dropped = kind.losses().dropped;
    let headers: Vec<_> = parts.headers.iter().filter(|(name, _)| !dropped.contains(name)).collect();
    member(&mut json, ",", "headers");
    text_map(&mut json, headers.iter().map(|(name, values)| (name, values.last().copied().unwrap_or_default())));
    member(&mut json, ",", "multiValueHeaders");
    list_map(&mut json, &headers.iter().map(|(name, values)| (*name, values.clone())).collect::<Vec<_>>());
    query(&mut json, &decoded(parts.query));
    json.raw(r#","pathParameters":null,"stageVariables":null"#);
    context(&mut json, is_rest, &parts, &public, facts);
    if parts.has_no_body() {
        json.raw(r#","body":null,"isBase64Encoded":false}"#);
        // No document reaches a limit of usize::MAX.
        return Ok(json.finish().unwrap_or_default());
    }
    Ok(parts.end(json, "body", "isBase64Encoded"))
}

/// The parameters of a query, decoded and grouped by key. A `;` separates parameters as `&` does.
pub(crate) fn decoded(query: &str) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for segment in query.split(['&', ';']).filter(|segment| !segment.is_empty()) {
        let (key, value) = segment.split_once('=').unwrap_or((segment, ""));
        let (key, value) = (decoded_text(key), decoded_text(value));
        match groups.iter_mut().find(|(found, _)| *found == key) {
            Some((_, values)) => values.push(value),
            None => groups.push((key, vec![value])),
        }
    }
    groups
}

fn decoded_text(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn query(json: &mut JsonWriter, groups: &[(String, Vec<String>)]) {
    if groups.is_empty() {
        json.raw(r#","queryStringParameters":null,"multiValueQueryStringParameters":null"#);
        return;
    }
    member(json, ",", "queryStringParameters");
    text_map(json, groups.iter().filter_map(|(key, values)| Some((key, values.last()?))));
    member(json, ",", "multiValueQueryStringParameters");
    list_map(json, groups);
}

fn context(json: &mut JsonWriter, is_rest: bool, parts: &EventParts<'_>, path: &str, facts: &EventFacts) {
    let EventFacts { domain, client, request_id, time_ms, stage, .. } = facts;
    let prefix = domain.split('.').next().unwrap_or_default();
    let resource = if is_rest { "/{proxy+}" } else { "$default" };
    member(json, ",", "requestContext");
    text_member(json, "{", "accountId", "123456789012");
    text_member(json, ",", "apiId", prefix);
    text_member(json, ",", "domainName", domain);
    text_member(json, ",", "domainPrefix", prefix);
    text_member(json, ",", "httpMethod", parts.method);
    member(json, ",", "identity");
    text_member(json, "{", "sourceIp", client);
    let agent = parts.headers.iter().find(|(name, _)| *name == "user-agent");
    text_member(json, ",", "userAgent", agent.and_then(|(_, values)| values.first()).copied().unwrap_or_default());
    json.raw("}");
    text_member(json, ",", "path", path);
    text_member(json, ",", "protocol", "HTTP/1.1");
    text_member(json, ",", "requestId", request_id);
    json.raw(if is_rest { r#","resourceId":"abc123""# } else { r#","resourceId":null"# });
    text_member(json, ",", "resourcePath", resource);
    text_member(json, ",", "stage", stage);
    json.raw(&format!(r#","requestTimeEpoch":{time_ms}}}"#));
}
