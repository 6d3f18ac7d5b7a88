//! Encodes a request as an event.

use bytes::Bytes;
use http::Request;

use super::HeaderMode;
use crate::front::EventError;
use crate::front::event_parts::header_groups;
use crate::http::media::{self, Media};
use crate::http::request::host_of_target;
use crate::http::target::grouped;
use crate::json::JsonWriter;

/// Encodes a request as the event that a load balancer would send.
///
/// The request's URI may have only a path and a query, as a server reads them. Without a `host` header, the URI's
/// authority becomes that header. Nothing else is added: `X-Forwarded-For` and similar headers are added by the load
/// balancer. Path, keys and values of the query are copied unchanged. [`normal_form`](super::normal_form()) states what
/// the event loses.
///
/// # Errors
/// The target is not a path (`*`), or a header value is not UTF-8.
pub fn event(request: &Request<Bytes>, mode: HeaderMode, target_group_arn: &str) -> Result<Vec<u8>, EventError> {
    let uri = request.uri();
    if !uri.path().starts_with('/') {
        return Err(EventError::Target { target: uri.to_string() });
    }
    let media = media::of_request(request.headers(), request.body());
    let mut json = JsonWriter::new(expected_size(request), usize::MAX);
    json.raw(r#"{"requestContext":{"elb":{"targetGroupArn":"#);
    json.string(target_group_arn);
    json.raw(r#"}},"httpMethod":"#);
    json.string(request.method().as_str());
    json.raw(r#","path":"#);
    json.string(uri.path());
    let (query, headers) = match mode {
        HeaderMode::Single => (r#","queryStringParameters":"#, r#","headers":"#),
        HeaderMode::Multi => (r#","multiValueQueryStringParameters":"#, r#","multiValueHeaders":"#),
    };
    json.raw(query);
    write_map(&mut json, mode, &grouped(uri.query().unwrap_or_default()));
    json.raw(headers);
    let added = host_of_target(request);
    write_map(&mut json, mode, &header_groups(request.headers(), added.as_ref())?);
    json.raw(r#","body":"#);
    media.write(&mut json);
    json.raw(match media {
        Media::Text(_) => r#","isBase64Encoded":false}"#,
        Media::Base64(_) => r#","isBase64Encoded":true}"#,
    });
    // No document reaches a limit of usize::MAX.
    Ok(json.finish().unwrap_or_default())
}

fn expected_size(request: &Request<Bytes>) -> usize {
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 8).sum();
    512 + headers + request.body().len() / 3 * 4
}

fn write_map(json: &mut JsonWriter, mode: HeaderMode, groups: &[(&str, Vec<&str>)]) {
    json.raw("{");
    let mut separator = "";
    for (key, values) in groups {
        json.raw(separator);
        json.string(key);
        json.raw(":");
        write_values(json, mode, mode.kept(values));
        separator = ",";
    }
    json.raw("}");
}

fn write_values(json: &mut JsonWriter, mode: HeaderMode, values: &[&str]) {
    match mode {
        HeaderMode::Single => values.iter().for_each(|value| json.string(value)),
        HeaderMode::Multi => {
            let mut before = "[";
            for value in values {
                json.raw(before);
                json.string(value);
                before = ",";
            }
            json.raw("]");
        }
    }
}
