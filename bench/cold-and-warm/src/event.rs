//! Load balancer events for requests.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// A page request of a browser.
pub(crate) fn get(path: &str) -> Value {
    json!({
        "requestContext": { "elb": {
            "targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/site/0123456789abcdef"
        }},
        "httpMethod": "GET",
        "path": path,
        "queryStringParameters": { "page": "2", "sort": "name" },
        "headers": {
            "accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
            "accept-encoding": "gzip, deflate, br",
            "accept-language": "en-GB,en;q=0.7",
            "cookie": "session=3f0a1c; theme=light",
            "host": "shop.example",
            "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "x-amzn-trace-id": "Root=1-6925a1b2-0123456789abcdef01234567",
            "x-forwarded-for": "198.51.100.7",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https"
        },
        "body": "",
        "isBase64Encoded": false
    })
}

/// The same request from a target group with multi-value headers.
pub(crate) fn get_multi(path: &str) -> Value {
    let mut event = get(path);
    for (single, multi) in
        [("headers", "multiValueHeaders"), ("queryStringParameters", "multiValueQueryStringParameters")]
    {
        let lists = event[single].as_object().into_iter().flatten().map(|(name, value)| (name.clone(), json!([value])));
        event[multi] = Value::Object(lists.collect());
        if let Some(event) = event.as_object_mut() {
            event.remove(single);
        }
    }
    event
}

/// An upload. A body that is not text is base64.
pub(crate) fn post(path: &str, content_type: &str, body: &[u8]) -> Value {
    let mut event = get(path);
    let (body, encoded) = match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (BASE64_STANDARD.encode(body), true),
    };
    event["httpMethod"] = json!("POST");
    event["headers"]["content-type"] = json!(content_type);
    event["body"] = json!(body);
    event["isBase64Encoded"] = json!(encoded);
    event
}

/// The status and the body of a reply to a load balancer.
///
/// # Errors
/// The reply lacks one of them.
pub(crate) fn answer(reply: &[u8]) -> Result<(u64, Vec<u8>)> {
    let reply: Value = serde_json::from_slice(reply).context("the reply is not JSON")?;
    let status = reply["statusCode"].as_u64().context("the reply has no status")?;
    let body = reply["body"].as_str().context("the reply has no body")?;
    Ok((status, if reply["isBase64Encoded"] == true { BASE64_STANDARD.decode(body)? } else { body.into() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_body_is_encoded() {
        assert_eq!(post("/echo", "text/plain", b"tea")["body"], "tea");
        let event = post("/echo", "application/octet-stream", &[0xff, 0]);
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("/wA="), &json!(true)));
    }

    #[test]
    fn multiple_values_are_lists() {
        let event = get_multi("/");
        assert_eq!(event["multiValueHeaders"]["host"], json!(["shop.example"]));
        assert_eq!(event.get("headers"), None);
    }

    #[test]
    fn an_answer_is_a_status_and_bytes() {
        let reply = br#"{"statusCode":200,"body":"/wA=","isBase64Encoded":true}"#;
        assert_eq!(answer(reply).unwrap(), (200, vec![0xff, 0]));
        assert!(answer(b"{}").is_err());
    }
}
