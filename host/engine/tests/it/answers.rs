//! Well-behaved guests: the requests that they see, and the answers that they give.

use std::time::{Duration, Instant};

use bytes::Bytes;
use funcserver_engine::{Facts, Fault, HandlerVersion, Stream};
use http::Request;

use crate::common::{act, call, call_with, guest, guest_with_host_imports, handle, json, limits, request, response};

#[tokio::test]
async fn the_guest_sees_the_request_unchanged() {
    let guest = guest(limits());
    let request = Request::post("https://shop.example:8443/a/../b//%2F?b=%20+&a&b=2")
        .header("host", "shop.example:8443")
        .header("x-tag", "one")
        .header("x-tag", "two")
        .body(Bytes::from_static(b"\0\xff body"))
        .unwrap();
    let (call, _) = call(Duration::from_secs(10));
    let answer = handle(&guest, request, call).await;
    let seen = json(&answer.result.unwrap());
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["path_with_query"], "/a/../b//%2F?b=%20+&a&b=2");
    assert_eq!(seen["scheme"], "https");
    assert_eq!(seen["authority"], "shop.example:8443");
    assert_eq!(seen["body_b64"], "AP8gYm9keQ==");
    let names: Vec<_> = seen["headers"].as_array().unwrap().iter().map(|header| header[0].as_str().unwrap()).collect();
    assert_eq!(names, ["host", "x-tag", "x-tag"]);
    assert_eq!(seen["headers"][1][1], "b25l");
    assert_eq!(seen["headers"][2][1], "dHdv");
}

#[tokio::test]
async fn every_request_has_an_instance_of_its_own() {
    let guest = guest(limits());
    for _ in 0..3 {
        assert_eq!(json(&response(&guest, "state").await)["requests"], 1);
    }
}

#[tokio::test]
async fn nothing_of_the_host_is_visible() {
    let guest = guest(limits());
    let seen = json(&response(&guest, "env").await);
    let text = seen.to_string();
    assert!(!text.contains("PATH"), "{text}");
    for (key, value) in seen.as_object().unwrap() {
        let empty = match value {
            serde_json::Value::Array(list) => list.is_empty(),
            serde_json::Value::Object(map) => map.is_empty(),
            serde_json::Value::Number(count) => count.as_u64() == Some(0),
            other => other.is_null(),
        };
        assert!(empty, "{key} of {text}");
    }
}

#[tokio::test]
async fn outgoing_requests_are_denied() {
    let guest = guest(limits());
    for url in ["http://127.0.0.1:9/", "http://169.254.169.254/latest/meta-data/", "https://example.com/"] {
        let answer = json(&response(&guest, &format!("fetch:{url}")).await).to_string();
        assert!(answer.contains("HttpRequestDenied") || answer.contains("HTTP-request-denied"), "{url}: {answer}");
    }
}

/// A user in a URL is no part of a request, and is neither sent nor logged.
#[tokio::test]
async fn a_password_in_a_url_is_not_logged() {
    let (answer, written) = act(&guest(limits()), "fetch:https://app:hunter2@api.example.com/").await;
    assert!(json(&answer.result.unwrap())["error"].is_string());
    assert!(!format!("{:?} {:?}", written.notices(), written.all()).contains("hunter2"));
}

#[tokio::test]
async fn sockets_are_closed() {
    let guest = guest(limits());
    assert!(guest.world().imports.iter().any(|name| name.starts_with("wasi:sockets/tcp")), "{:?}", guest.world());
    for act in ["connect:127.0.0.1:9", "connect:[::1]:9", "bind:127.0.0.1:0", "resolve:localhost:80"] {
        let answer = json(&response(&guest, act).await);
        let error = answer["error"].as_str().unwrap_or_else(|| panic!("{act}: {answer}"));
        assert!(error.contains("Permission denied"), "{act}: {answer}");
    }
}

#[tokio::test]
async fn random_numbers_differ_between_instances() {
    let guest = guest(limits());
    let (one, two) = (json(&response(&guest, "random").await), json(&response(&guest, "random").await));
    let secrets = one.as_object().unwrap().iter().filter(|(key, _)| *key != "now_ms");
    let mut count = 0;
    for (key, value) in secrets {
        assert_ne!(value, &two[key], "{key}");
        count += 1;
    }
    assert!(count >= 3, "{one}");
}

#[tokio::test]
async fn output_comes_as_lines_of_its_stream() {
    let guest = guest(limits());
    let (answer, lines) = act(&guest, "stdout:hello").await;
    assert!(answer.result.is_ok());
    assert_eq!(lines.all(), [(Stream::Stdout, "hello".to_owned())]);
    let (answer, lines) = act(&guest, "stderr:oh").await;
    assert!(answer.result.is_ok());
    assert_eq!(lines.all(), [(Stream::Stderr, "oh".to_owned())]);
}

#[tokio::test]
async fn a_body_that_is_left_open_is_complete() {
    let answer = response(&guest(limits()), "open-body").await;
    assert!(!answer.body().is_empty());
}

#[tokio::test]
async fn a_body_in_many_pieces_is_whole() {
    assert_eq!(response(&guest(limits()), "chunks:3000").await.body().len(), 3000);
}

#[tokio::test]
async fn trailers_are_dropped_and_the_body_kept() {
    assert!(!response(&guest(limits()), "trailers").await.body().is_empty());
}

/// The length describes another answer, and a guest may well state it: `axum` on `wstd` does.
#[tokio::test]
async fn an_answer_to_head_may_state_a_length() {
    let guest = guest(limits());
    let (call, _) = call(Duration::from_secs(10));
    let mut request = request("length-only:10");
    *request.method_mut() = http::Method::HEAD;
    let answer = handle(&guest, request, call).await;
    let response = answer.result.unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(response.headers()["content-length"], "10");
    assert_eq!(response.body(), "");
}

#[tokio::test]
async fn the_reply_does_not_wait_for_work_after_it() {
    let guest = guest(limits());
    let started = Instant::now();
    let (answer, lines) = act(&guest, "after:2500").await;
    assert!(answer.result.is_ok());
    assert!(started.elapsed() < Duration::from_millis(2_500), "the reply came after {:?}", started.elapsed());
    assert_eq!(lines.all(), []);
    assert_eq!(answer.after.finish().await, None);
    assert!(started.elapsed() >= Duration::from_millis(2_500));
    assert_eq!(lines.all().len(), 1, "{:?}", lines.all());
}

#[tokio::test]
async fn work_after_the_reply_ends_at_the_deadline() {
    let guest = guest(limits());
    let (call, _) = call(Duration::from_secs(2));
    let answer = handle(&guest, request("after:60000"), call).await;
    assert!(answer.result.is_ok());
    assert_eq!(answer.after.finish().await, Some(Fault::Deadline));
}

#[tokio::test]
async fn the_typed_import_returns_the_facts() {
    let guest = guest_with_host_imports();
    assert!(guest.world().imports.iter().any(|name| name == "funcserver:lambda/context@0.1.0"));
    assert_eq!(guest.world().handler(), Ok(HandlerVersion::P2));
    let facts = Facts {
        request_id: "id-1",
        deadline_ms: 1_700_000_000_000,
        function_arn: "arn:aws:lambda:eu-north-1:111122223333:function:shop",
        target_group_arn: Some("arn:tg"),
        multi_value_headers: true,
        client_address: Some("2001:db8::1"),
        tenant_id: Some("blue"),
        event_source: Some("sqs"),
        ..Facts::default()
    };
    let (call, _) = call_with(Duration::from_secs(10), facts);
    let answer = handle(&guest, request("context"), call).await;
    let facts = json(&answer.result.unwrap());
    let expected = serde_json::json!({
        "request_id": "id-1",
        "deadline_ms": 1_700_000_000_000_u64,
        "trace_id": null,
        "function_arn": "arn:aws:lambda:eu-north-1:111122223333:function:shop",
        "target_group_arn": "arn:tg",
        "multi_value_headers": true,
        "client_address": "2001:db8::1",
        "tenant_id": "blue",
        "event_source": "sqs",
    });
    assert_eq!(facts, expected);
}

#[tokio::test]
async fn a_configuration_without_values_is_empty() {
    let told = json(&response(&guest_with_host_imports(), "config:anything").await);
    assert_eq!(told, serde_json::json!({ "value": null, "keys": [] }));
}
