//! The facts of an invocation, as request headers that every language can read.

use bytes::Bytes;
use funcserver_engine::Facts;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Request id, deadline, ARN and trace id as JSON, with the names that the Lambda Web Adapter uses. Its member
/// `env_config`, with values of Lambda's environment, is left out, because a guest does not see that environment.
pub const LAMBDA_CONTEXT: HeaderName = HeaderName::from_static("x-amzn-lambda-context");
/// The event's `requestContext` as JSON. A load balancer's has the target group, and a member that says whether the
/// reply has multi-value headers.
pub const REQUEST_CONTEXT: HeaderName = HeaderName::from_static("x-amzn-request-context");
/// The client's address without its port.
pub const CLIENT: HeaderName = HeaderName::from_static("x-funcserver-client");

/// The tenant, where Lambda isolates those of a function. A client cannot choose it.
pub const TENANT: HeaderName = HeaderName::from_static("x-amz-tenant-id");

/// The source of an event that is not an HTTP request. A client cannot send it.
pub const EVENT_SOURCE: HeaderName = HeaderName::from_static("x-funcserver-event-source");

const OWN: [HeaderName; 5] = [LAMBDA_CONTEXT, REQUEST_CONTEXT, CLIENT, TENANT, EVENT_SOURCE];

/// Sets these headers. Copies of them from the client are removed even if there is no value for them, and so are
/// all spellings that a guest may confuse with them.
///
/// `request_context` is the event's own, unless it came from a load balancer.
pub(crate) fn insert(headers: &mut HeaderMap, facts: &Facts<'_>, request_context: Option<String>) {
    remove_alike(headers);
    set(headers, LAMBDA_CONTEXT, value(lambda_context(facts)));
    set(headers, REQUEST_CONTEXT, value(request_context.unwrap_or_else(|| request_context_of(facts))));
    set(headers, TENANT, facts.tenant_id.and_then(|tenant| HeaderValue::from_str(tenant).ok()));
    set(headers, EVENT_SOURCE, facts.event_source.map(HeaderValue::from_static));
    set(headers, CLIENT, facts.client_address.and_then(|address| HeaderValue::from_str(address).ok()));
}

// Written by hand, because every request has them, and serializing them took as long as decoding its event.

fn lambda_context(facts: &Facts<'_>) -> String {
    let mut json = String::with_capacity(512);
    json.push_str(r#"{"request_id":"#);
    push(&mut json, facts.request_id);
    json.push_str(r#","deadline":"#);
    json.push_str(&facts.deadline_ms.to_string());
    json.push_str(r#","invoked_function_arn":"#);
    push(&mut json, facts.function_arn);
    json.push_str(r#","xray_trace_id":"#);
    match facts.trace_id {
        Some(trace_id) => push(&mut json, trace_id),
        None => json.push_str("null"),
    }
    if let Some(tenant) = facts.tenant_id {
        json.push_str(r#","tenant_id":"#);
        push(&mut json, tenant);
    }
    json.push('}');
    json
}

fn request_context_of(facts: &Facts<'_>) -> String {
    let mut json = String::with_capacity(256);
    json.push('{');
    if let Some(arn) = facts.target_group_arn {
        json.push_str(r#""elb":{"targetGroupArn":"#);
        push(&mut json, arn);
        json.push_str("},");
    }
    json.push_str(r#""multiValueHeaders":"#);
    json.push_str(if facts.multi_value_headers { "true}" } else { "false}" });
    json
}

/// Appends a JSON string in characters that a header value may contain.
fn push(json: &mut String, text: &str) {
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\');
    if plain {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        // DEL is the only control character that JSON does not escape.
        json.push_str(&serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f"));
    }
}

fn remove_alike(headers: &mut HeaderMap) {
    let alike: Vec<HeaderName> = headers.keys().filter(|name| is_alike(name)).cloned().collect();
    for name in alike {
        headers.remove(name);
    }
}

/// Whether a name is another spelling of one of these headers. CGI and WSGI turn headers into variables, in which
/// `-` becomes `_` (RFC 3875, section 4.1.18). Some servers write `_` for every character that is not a letter or
/// digit.
fn is_alike(name: &HeaderName) -> bool {
    let name = name.as_str().as_bytes();
    // All of them begin with this letter, and most names do not.
    name.first() == Some(&b'x')
        && OWN.iter().map(|own| own.as_str().as_bytes()).any(|own| {
            let folds = |(a, b): (&u8, &u8)| a == b || !a.is_ascii_alphanumeric() && !b.is_ascii_alphanumeric();
            own.len() == name.len() && own != name && own.iter().zip(name).all(folds)
        })
}

fn value(json: String) -> Option<HeaderValue> {
    HeaderValue::from_maybe_shared(Bytes::from(json)).ok()
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<HeaderValue>) {
    // This replaces all copies. A full map has no room for it; then the request matters more.
    let set = value.is_some_and(|value| headers.try_insert(&name, value).is_ok());
    if !set {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts<'static> {
        Facts {
            request_id: "8476a536",
            deadline_ms: 1_700_000_000_000,
            trace_id: Some("Root=1-65538d00-0123456789abcdef01234567"),
            function_arn: "arn:aws:lambda:eu-central-1:111122223333:function:shop",
            target_group_arn: Some("arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/shop/1"),
            multi_value_headers: true,
            client_address: Some("198.51.100.7"),
            tenant_id: None,
            event_source: None,
        }
    }

    fn text(headers: &HeaderMap, name: &HeaderName) -> String {
        let values: Vec<_> = headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!(values.len(), 1, "{name}: {values:?}");
        values[0].to_owned()
    }

    #[test]
    fn a_guest_reads_every_fact_in_a_header() {
        let mut headers = HeaderMap::new();
        insert(&mut headers, &facts(), None);
        assert_eq!(
            text(&headers, &LAMBDA_CONTEXT),
            r#"{"request_id":"8476a536","deadline":1700000000000,"invoked_function_arn":"arn:aws:lambda:eu-central-1:111122223333:function:shop","xray_trace_id":"Root=1-65538d00-0123456789abcdef01234567"}"#
        );
        assert_eq!(
            text(&headers, &REQUEST_CONTEXT),
            r#"{"elb":{"targetGroupArn":"arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/shop/1"},"multiValueHeaders":true}"#
        );
        assert_eq!(text(&headers, &CLIENT), "198.51.100.7");
    }

    #[test]
    fn a_clients_own_copies_are_removed() {
        let mut headers = HeaderMap::new();
        for name in &OWN {
            headers.append(name, HeaderValue::from_static("forged"));
            headers.append(name, HeaderValue::from_static("forged again"));
        }
        insert(&mut headers, &Facts { client_address: None, ..facts() }, None);
        assert!(!headers.contains_key(CLIENT) && !headers.contains_key(TENANT));
        assert!(text(&headers, &LAMBDA_CONTEXT).contains("8476a536"));
        assert!(text(&headers, &REQUEST_CONTEXT).contains("elb"));
    }

    #[test]
    fn what_the_event_says_itself_is_passed_on() {
        let mut headers = HeaderMap::new();
        let request_context = Some(r#"{"stage":"live"}"#.to_owned());
        let facts = Facts { tenant_id: Some("blue"), event_source: Some("sqs"), ..facts() };
        insert(&mut headers, &facts, request_context);
        assert_eq!(text(&headers, &REQUEST_CONTEXT), r#"{"stage":"live"}"#);
        assert_eq!(text(&headers, &TENANT), "blue");
        assert_eq!(text(&headers, &EVENT_SOURCE), "sqs");
        assert!(text(&headers, &LAMBDA_CONTEXT).ends_with(r#","tenant_id":"blue"}"#));
    }

    #[test]
    fn names_that_cgi_confuses_with_ours_are_removed() {
        let others =
            ["x-amzn-trace-id", "x_amzn_trace_id", "x-amzn-lambda-contexts", "xxamzn-lambda-context", "x_custom"];
        let mut headers = HeaderMap::new();
        for own in &OWN {
            for fold in ["_", ".", "~"] {
                let all = own.as_str().replace('-', fold);
                let last = own.as_str().rsplitn(2, '-').collect::<Vec<_>>();
                for spelling in [all, format!("{}{fold}{}", last[1], last[0])] {
                    let name: HeaderName = spelling.to_uppercase().parse().unwrap();
                    headers.append(name.clone(), HeaderValue::from_static("forged"));
                    headers.append(name, HeaderValue::from_static("forged again"));
                }
            }
        }
        headers.extend(others.map(|name| (HeaderName::from_static(name), HeaderValue::from_static("kept"))));
        insert(&mut headers, &facts(), None);
        assert_eq!(headers.len(), OWN.len() - 2 + others.len(), "{headers:?}");
        assert!(headers.values().all(|value| !value.as_bytes().starts_with(b"forged")));
    }

    #[test]
    fn a_clients_own_copy_is_removed_from_a_full_map() {
        let mut headers = HeaderMap::new();
        headers.insert(LAMBDA_CONTEXT, HeaderValue::from_static("forged"));
        for number in 0.. {
            let name = HeaderName::try_from(format!("x-{number}")).unwrap();
            if headers.try_insert(name, HeaderValue::from_static("")).is_err() {
                break;
            }
        }
        insert(&mut headers, &facts(), None);
        assert!(headers.get_all(LAMBDA_CONTEXT).iter().all(|value| value != "forged"));
    }

    #[test]
    fn missing_facts_are_null_or_absent() {
        let mut headers = HeaderMap::new();
        insert(&mut headers, &Facts { request_id: "8476a536", ..Facts::default() }, None);
        assert_eq!(
            text(&headers, &LAMBDA_CONTEXT),
            r#"{"request_id":"8476a536","deadline":0,"invoked_function_arn":"","xray_trace_id":null}"#
        );
        assert_eq!(text(&headers, &REQUEST_CONTEXT), r#"{"multiValueHeaders":false}"#);
    }

    #[test]
    fn odd_characters_stay_json_in_a_header() {
        let mut headers = HeaderMap::new();
        insert(&mut headers, &Facts { target_group_arn: Some("a\u{7f}\r\n\"\\ü"), ..facts() }, None);
        let value = headers[REQUEST_CONTEXT].as_bytes();
        let parsed: serde_json::Value = serde_json::from_slice(value).unwrap();
        assert_eq!(parsed["elb"]["targetGroupArn"], "a\u{7f}\r\n\"\\ü");
    }
}
