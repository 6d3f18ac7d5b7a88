//! Events of a load balancer, as Lambda sends them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::case::Case;
use crate::judge::Expected;
use crate::random::Random;

/// An event that makes the guest perform `act`.
pub(crate) fn act(act: &str, expected: Expected) -> Case {
    Case { event: event(act), expected }
}

pub(crate) fn event(act: &str) -> Value {
    json!({
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-north-1:111122223333:targetgroup/chaos/1"}},
        "httpMethod": "GET",
        "path": "/chaos",
        "queryStringParameters": {"n": "1"},
        "headers": {
            "host": "chaos.example", "x-forwarded-proto": "https", "x-forwarded-for": "198.51.100.3",
            "x-act": act,
        },
        "body": "",
        "isBase64Encoded": false,
    })
}

/// The same with a body in bytes.
pub(crate) fn post(act: &str, body: &[u8]) -> Value {
    let mut event = event(act);
    event["httpMethod"] = "POST".into();
    event["headers"]["content-type"] = "application/octet-stream".into();
    event["headers"]["content-length"] = body.len().to_string().into();
    event["body"] = BASE64_STANDARD.encode(body).into();
    event["isBase64Encoded"] = true.into();
    event
}

/// The same event from a target group with multi-value headers.
pub(crate) fn multi_value(mut event: Value) -> Value {
    for (single, multi) in
        [("headers", "multiValueHeaders"), ("queryStringParameters", "multiValueQueryStringParameters")]
    {
        let Value::Object(map) = event[single].take() else { continue };
        event[multi] = map.into_iter().map(|(name, value)| (name, json!([value]))).collect();
        event.as_object_mut().unwrap().remove(single);
    }
    event
}

/// A text that occurs in no other event.
pub(crate) fn nonce(random: &mut Random) -> String {
    format!("{:016x}", random.next())
}
