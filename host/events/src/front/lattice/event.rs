//! Encodes a request as an event.

use bytes::Bytes;
use http::Request;

use crate::front::event_parts::{EventParts, list_map, member, text_map, text_member};
use crate::front::{EventError, EventFacts, FrontKind};
use crate::http::target::grouped;

/// Encodes a request as the event of VPC Lattice.
pub(crate) fn event(kind: FrontKind, request: &Request<Bytes>, facts: &EventFacts) -> Result<Vec<u8>, EventError> {
    let host = EventParts::host(request);
    let parts = EventParts::of(request, host.as_ref())?;
    let query = grouped(parts.query);
    let mut json = parts.writer();
    if kind == FrontKind::Lattice1 {
        text_member(&mut json, "{", "raw_path", parts.path);
        text_member(&mut json, ",", "method", parts.method);
        member(&mut json, ",", "headers");
        let separator = |name: &str| if name == "cookie" { "; " } else { ", " };
        text_map(&mut json, parts.headers.iter().map(|(name, values)| (name, values.join(separator(name)))));
        member(&mut json, ",", "query_string_parameters");
        text_map(&mut json, query.iter().filter_map(|(key, values)| Some((key, values.last()?))));
        return Ok(parts.end(json, "body", "is_base64_encoded"));
    }
    json.raw(r#"{"version":"2.0""#);
    text_member(&mut json, ",", "path", parts.path);
    text_member(&mut json, ",", "method", parts.method);
    member(&mut json, ",", "headers");
    list_map(&mut json, &parts.headers);
    if !query.is_empty() {
        member(&mut json, ",", "queryStringParameters");
        list_map(&mut json, &query);
    }
    let account = "arn:aws:vpc-lattice:us-east-1:123456789012:";
    member(&mut json, ",", "requestContext");
    text_member(&mut json, "{", "serviceNetworkArn", &format!("{account}servicenetwork/sn-0123456789abcdef0"));
    text_member(&mut json, ",", "serviceArn", &format!("{account}service/svc-0123456789abcdef0"));
    text_member(&mut json, ",", "targetGroupArn", &facts.target_group_arn);
    text_member(&mut json, ",", "region", "us-east-1");
    // Microseconds, as text.
    text_member(&mut json, ",", "timeEpoch", &format!("{}000", facts.time_ms));
    json.raw("}");
    Ok(parts.end(json, "body", "isBase64Encoded"))
}
