//! Requests and responses, but for their bodies.

use funcserver_engine::{Facts, Grants};
use funcserver_test_guest::Options;
use http::{HeaderValue, Method, header};
use serde_json::{Value, json};

use crate::guest::{answer, answer_with, get, guest, limits, load, request, response, text};

async fn seen(request: http::Request<bytes::Bytes>) -> Value {
    serde_json::from_str(&text(&guest(), request).await).unwrap()
}

#[tokio::test]
async fn a_request_is_as_net_http_has_it() {
    let mut sent = request(Method::from_bytes(b"PURGE").unwrap(), "/request?a=1&a=%2F", "body");
    let headers = sent.headers_mut();
    headers.append("x-twice", HeaderValue::from_static("1"));
    headers.append("x-twice", HeaderValue::from_static("2"));
    headers.insert("x-funcserver-client", HeaderValue::from_static("198.51.100.7"));
    let seen = seen(sent).await;
    assert_eq!(seen["method"], "PURGE");
    assert_eq!(seen["uri"], "/request?a=1&a=%2F");
    assert_eq!(seen["host"], "shop.example");
    assert_eq!(seen["remote"], "198.51.100.7:0");
    assert_eq!(seen["tls"], true);
    assert_eq!(seen["length"], -1, "the header does not tell it, and there is a body");
    assert_eq!(seen["header"]["X-Twice"], json!(["1", "2"]));
    assert_eq!(seen["header"].get("Host"), None);
    assert_eq!((&seen["lambda"], &seen["hasDeadline"]), (&json!(false), &json!(false)));
}

#[tokio::test]
async fn a_request_without_a_body_has_the_length_0() {
    assert_eq!(seen(get("/request")).await["length"], 0);
    let mut stated = request(Method::POST, "/request", "body");
    stated.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("4"));
    assert_eq!(seen(stated).await["length"], 4);
}

#[tokio::test]
async fn the_invocation_is_in_a_struct_and_ends_the_context() {
    let mut sent = get("/request");
    let lambda = r#"{"request_id":"8476","deadline":4102444800123,"invoked_function_arn":"arn:f"}"#;
    sent.headers_mut().insert("x-amzn-lambda-context", HeaderValue::from_static(lambda));
    let seen = seen(sent).await;
    assert_eq!(seen["invocation"]["RequestID"], "8476");
    assert_eq!(seen["deadline"], 4_102_444_800_123_u64);
}

#[tokio::test]
async fn the_typed_import_tells_the_same() {
    let facts = Facts {
        request_id: "8476",
        deadline_ms: 4_102_444_800_123,
        trace_id: Some("Root=1"),
        function_arn: "arn:f",
        target_group_arn: Some("arn:t"),
        multi_value_headers: true,
        client_address: Some("198.51.100.7"),
        ..Facts::default()
    };
    let told = |facts| async move {
        let (answer, _) = answer_with(&guest(), get("/imported"), facts).await;
        serde_json::from_slice::<Value>(answer.result.unwrap().body()).unwrap()
    };
    let invocation = told(facts).await;
    for (name, value) in [
        ("RequestID", "8476"),
        ("TraceID", "Root=1"),
        ("FunctionARN", "arn:f"),
        ("TargetGroupARN", "arn:t"),
        ("Client", "198.51.100.7"),
    ] {
        assert_eq!(invocation[name], value, "{name}");
    }
    assert_eq!(invocation["MultiValueHeaders"], true);
    assert!(invocation["Deadline"].as_str().unwrap().starts_with("2100-01-01T00:00:00.123"), "{invocation}");

    let little = told(Facts { request_id: "8477", ..Facts::default() }).await;
    assert_eq!((&little["RequestID"], &little["TraceID"]), (&json!("8477"), &json!("")));
}

#[tokio::test]
async fn headers_of_every_size_come_through() {
    let mut sent = get("/request");
    for i in 0..300 {
        let name = http::HeaderName::from_bytes(format!("x-{i}").as_bytes()).unwrap();
        sent.headers_mut().insert(name, HeaderValue::from_str(&"v".repeat(i)).unwrap());
    }
    sent.headers_mut().insert("x-latin", HeaderValue::from_bytes(b"caf\xe9").unwrap());
    let seen = seen(sent).await;
    for i in 0..300 {
        assert_eq!(seen["header"][format!("X-{i}")][0].as_str().unwrap().len(), i);
    }
    assert_eq!(seen["header"]["X-Latin"], json!(["caf\u{fffd}"]));
}

#[tokio::test]
async fn a_request_that_net_http_would_not_take_is_400() {
    let response = response(&guest(), get("/%zz")).await;
    assert_eq!(response.status(), 400);
    let mut length = get("/request");
    length.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("many"));
    assert_eq!(crate::guest::response(&guest(), length).await.status(), 400);
}

#[tokio::test]
async fn every_status_goes_with_the_body_that_it_may_have() {
    let guest = guest();
    for (code, body) in [(200, "body"), (201, "body"), (204, ""), (304, ""), (404, "body"), (503, "body")] {
        let response = response(&guest, get(&format!("/status?code={code}"))).await;
        assert_eq!((response.status().as_u16(), &response.body()[..]), (code, body.as_bytes()));
    }
    let (informational, _) = answer(&guest, get("/status?code=103")).await;
    assert_eq!(informational.result.unwrap().status(), 200);
    assert_eq!(response(&guest, get("/status?code=1000")).await.status(), 500);
}

#[tokio::test]
async fn head_is_answered_without_the_body() {
    let guest = guest();
    let get = response(&guest, get("/bytes?n=5000&size=100")).await;
    let head = response(&guest, request(Method::HEAD, "/bytes?n=5000&size=100", "")).await;
    assert_eq!(get.body().len(), 5000);
    assert!(head.body().is_empty());
    assert_eq!(head.headers(), get.headers());
    assert_eq!(head.headers()[header::CONTENT_LENGTH], "5000");
}

#[tokio::test]
async fn nothing_of_the_host_is_visible_but_what_is_granted() {
    let bare = text(&guest(), get("/environment")).await;
    assert!(bare.starts_with("[] \"\" open /etc/passwd: ") && bare.ends_with(" true"), "{bare}");

    let env = vec![("GREETING".to_owned(), "hello".to_owned())];
    let options = Options { limits: limits(), grants: Grants { env, ..Grants::default() }, ..Options::default() };
    let granted = text(&load(options), get("/environment")).await;
    assert!(granted.starts_with("[\"GREETING=hello\"] \"hello\" "), "{granted}");
}
