//! Events for the test guest, and a folder with it compiled.

pub mod runtime_api;

use std::path::Path;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use funcserver_engine::{Target, compile};
use serde_json::{Value, json};

static COMPILED: LazyLock<Vec<u8>> =
    LazyLock::new(|| compile::compile(funcserver_test_guest::WASM, Target::Host).unwrap());

/// Writes the compiled test guest to that file.
pub fn write_component(path: &Path) {
    std::fs::write(path, &*COMPILED).unwrap();
}

static BLOCKING: LazyLock<Vec<u8>> =
    LazyLock::new(|| compile::compile(funcserver_test_guest::WASM_BLOCK, Target::Host).unwrap());

/// Writes the compiled test guest that can block its thread to that file.
pub fn write_blocking_component(path: &Path) {
    std::fs::write(path, &*BLOCKING).unwrap();
}

/// An event of single-value mode that makes the test guest do `act`.
pub fn act(act: &str) -> Value {
    with_header("x-act", act)
}

/// An event of single-value mode that makes the test guest answer so.
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
