//! Encodes a request as an event.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request};

use super::HeaderMode;
use super::normal_form::host_of_target;
use crate::http::media::{self, Media};
use crate::http::target::grouped;
use crate::json::JsonWriter;

/// The reason why a request cannot become an event. A load balancer answers 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The request's target is not a path.
    #[error("the request's target is {target:?}: expected a path that begins with /")]
    Target {
        /// The target as sent.
        target: String,
    },
    /// A header value is not UTF-8, so JSON cannot represent it.
    #[error("the value of the header {name} is not UTF-8")]
    Value {
        /// The header's name.
        name: String,
    },
}

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
    let media = media_of(request.headers(), request.body());
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

/// Encodes a request's body by the rules of the load balancer: base64 if it has a `Content-Encoding`, otherwise text if
/// its media type is `text/*`, `application/json`, `application/javascript` or `application/xml` (AWS, "Use Lambda
/// functions as targets of an Application Load Balancer"). Bytes that are not UTF-8 are always base64, because JSON
/// cannot represent them.
fn media_of<'a>(headers: &HeaderMap, body: &'a [u8]) -> Media<'a> {
    media::choose(headers, body, |essence| {
        essence.is_some_and(|essence| {
            essence.starts_with("text/")
                || matches!(essence, "application/json" | "application/javascript" | "application/xml")
        })
    })
}

fn expected_size(request: &Request<Bytes>) -> usize {
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 8).sum();
    512 + headers + request.body().len() / 3 * 4
}

fn header_groups<'a>(
    headers: &'a HeaderMap,
    host: Option<&'a HeaderValue>,
) -> Result<Vec<(&'a str, Vec<&'a str>)>, EventError> {
    let host = host.map(|host| Ok(("host", vec![value_text("host", host)?])));
    let own = headers.keys().map(|name| {
        let values = headers.get_all(name).iter().map(|value| value_text(name.as_str(), value));
        Ok((name.as_str(), values.collect::<Result<_, _>>()?))
    });
    host.into_iter().chain(own).collect()
}

fn value_text<'a>(name: &str, value: &'a HeaderValue) -> Result<&'a str, EventError> {
    std::str::from_utf8(value.as_bytes()).map_err(|_| EventError::Value { name: name.into() })
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

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;

    use super::*;

    #[test]
    fn a_request_follows_the_load_balancers_shorter_list() {
        for (content_type, text) in [
            ("text/csv", true),
            ("application/json; charset=utf-8", true),
            ("application/problem+json", false),
            ("application/x-www-form-urlencoded", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
            assert_eq!(matches!(media_of(&headers, b"x"), Media::Text(_)), text, "{content_type}");
        }
        assert_eq!(media_of(&HeaderMap::new(), b"x"), Media::Base64(b"x"));
        assert_eq!(media_of(&HeaderMap::new(), b""), Media::Text(""));
    }
}
