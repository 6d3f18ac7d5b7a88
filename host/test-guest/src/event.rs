//! Load balancer events that make the test guest do something.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// An event of single-value mode that makes the test guest do `act`.
#[must_use]
pub fn act(act: &str) -> Value {
    with_header("x-act", act)
}

/// An event of single-value mode that makes the test guest give this answer.
#[must_use]
pub fn answer(answer: &Value) -> Value {
    with_header("x-answer", &BASE64_URL_SAFE_NO_PAD.encode(answer.to_string()))
}

fn with_header(name: &str, value: &str) -> Value {
    json!({
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-north-1:111122223333:targetgroup/t/1"}},
        "httpMethod": "GET",
        "path": "/shelf/7",
        "queryStringParameters": {"color": "blue%20green"},
        "headers": {"host": "shop.example", "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9", name: value},
        "body": "",
        "isBase64Encoded": false
    })
}
