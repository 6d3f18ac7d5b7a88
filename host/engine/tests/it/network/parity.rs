//! HTTP/1.1 and HTTP/2 are the same to a handler, and to the servers that it calls.

use base64::{Engine, prelude::BASE64_STANDARD};
use funcserver_engine::{Guest, Notice};
use serde_json::{Value, json};

use super::server::{Identity, Server};
use super::{Network, allowing, guest_with, send};

/// What belongs to a version of HTTP, not to the message.
const FRAMING: [&str; 4] = ["connection", "date", "host", "transfer-encoding"];

fn sorted(headers: &Value) -> Vec<(String, String)> {
    let pairs: Vec<(String, String)> = serde_json::from_value(headers.clone()).unwrap();
    let mut pairs: Vec<_> = pairs.into_iter().filter(|(name, _)| !FRAMING.contains(&name.as_str())).collect();
    pairs.sort_unstable();
    pairs
}

/// What the guest got, and what the server saw if it tells.
async fn told(guest: &Guest, url: &str, wanted: &Value) -> (Value, Vec<Notice>) {
    let mut wanted = wanted.clone();
    let path = wanted["path"].take();
    wanted.as_object_mut().unwrap().remove("path");
    wanted["url"] = json!(format!("{url}{}", path.as_str().unwrap_or("/")));
    let (mut told, notices) = send(guest, &wanted).await;
    assert_eq!(told["error"], Value::Null, "{wanted}: {told} {notices:?}");
    if path.is_null() {
        told = serde_json::from_slice(&BASE64_STANDARD.decode(told["body_b64"].as_str().unwrap()).unwrap()).unwrap();
        told["uri"] = Value::Null;
        told["version"] = Value::Null;
        told["connection"] = Value::Null;
    }
    told["headers"] = json!(sorted(&told["headers"]));
    (told, notices)
}

#[tokio::test]
async fn both_versions_behave_alike() {
    let (identity, identity2) = (Identity::new(&["127.0.0.1"], false), Identity::new(&["127.0.0.1"], true));
    let (http1, http2) = (Server::https(&identity).await, Server::https(&identity2).await);
    let guest = |server: &Server, identity: &Identity| {
        let url = format!("https://127.0.0.1:{}", server.port());
        (guest_with(Network { roots: Some(identity.root()), ..allowing(&[&url]) }), url)
    };
    let ((guest1, url1), (guest2, url2)) = (guest(&http1, &identity), guest(&http2, &identity2));

    let hello = BASE64_STANDARD.encode("hello");
    let large = "x".repeat(10_000);
    let zero = json!([["content-length", "0"]]);
    let five = json!([["content-length", "5"]]);
    let none = json!([]);
    let seen = |method: &str, headers: &Value, body: &str, trailers: Value| json!({ "method": method, "headers": headers, "body_b64": body, "trailers": trailers });
    let got = |status: u16, headers: &Value, body: &str, trailers: Value| json!({ "status": status, "headers": headers, "body_b64": body, "whole": true, "trailers": trailers });
    let lines: Vec<_> = (0..1000).map(|line| ("x-line".to_owned(), line.to_string())).collect();
    let mut lines = json!(lines);
    lines.as_array_mut().unwrap().push(json!(["content-length", "0"]));
    let with_zero = |name: &str, value: &str| json!([["content-length", "0"], [name, value]]);

    for (wanted, expected) in [
        // Bodies of requests, of a length that is known or is not.
        (json!({}), seen("GET", &none, "", Value::Null)),
        (json!({ "body_b64": hello }), seen("GET", &none, &hello, Value::Null)),
        (json!({ "body_b64": hello, "headers": five }), seen("GET", &five, &hello, Value::Null)),
        (json!({ "body_b64": "" }), seen("GET", &none, "", Value::Null)),
        (json!({ "method": "DELETE", "body_b64": hello }), seen("DELETE", &none, &hello, Value::Null)),
        (json!({ "method": "DELETE" }), seen("DELETE", &none, "", Value::Null)),
        (json!({ "method": "OPTIONS" }), seen("OPTIONS", &none, "", Value::Null)),
        (json!({ "method": "POST" }), seen("POST", &zero, "", Value::Null)),
        (json!({ "method": "PUT" }), seen("PUT", &zero, "", Value::Null)),
        (json!({ "method": "PATCH" }), seen("PATCH", &zero, "", Value::Null)),
        (json!({ "method": "POST", "body_b64": "" }), seen("POST", &zero, "", Value::Null)),
        (json!({ "method": "POST", "headers": zero, "body_b64": "" }), seen("POST", &zero, "", Value::Null)),
        (json!({ "method": "POST", "body_b64": hello }), seen("POST", &none, &hello, Value::Null)),
        (json!({ "method": "POST", "headers": five, "body_b64": hello }), seen("POST", &five, &hello, Value::Null)),
        // Headers of requests.
        (json!({ "headers": [["te", "gzip, trailers"]] }), seen("GET", &json!([["te", "trailers"]]), "", Value::Null)),
        (json!({ "headers": [["te", "gzip"]] }), seen("GET", &none, "", Value::Null)),
        (json!({ "headers": [["x-latin", "café"]] }), seen("GET", &json!([["x-latin", "café"]]), "", Value::Null)),
        (json!({ "headers": [["x-large", large]] }), seen("GET", &json!([["x-large", large]]), "", Value::Null)),
        (
            json!({ "headers": [["cookie", "a=1"], ["cookie", "b=2"]] }),
            seen("GET", &json!([["cookie", "a=1"], ["cookie", "b=2"]]), "", Value::Null),
        ),
        (
            json!({ "method": "POST", "headers": [["expect", "100-continue"]], "body_b64": hello }),
            seen("POST", &json!([["expect", "100-continue"]]), &hello, Value::Null),
        ),
        // Trailers of requests.
        (
            json!({ "method": "POST", "headers": [["trailer", "x-sum"]], "body_b64": hello, "trailers": [["x-sum", "1"]] }),
            seen("POST", &json!([["trailer", "x-sum"]]), &hello, json!([["x-sum", "1"]])),
        ),
        (
            json!({ "headers": [["trailer", "x-sum"]], "body_b64": hello, "trailers": [["x-sum", "1"]] }),
            seen("GET", &json!([["trailer", "x-sum"]]), &hello, json!([["x-sum", "1"]])),
        ),
        // Responses.
        (json!({ "path": "/lines" }), got(200, &json!(sorted(&lines)), "", Value::Null)),
        (json!({ "path": "/large" }), got(200, &with_zero("x-large", &"x".repeat(40_000)), "", Value::Null)),
        (json!({ "path": "/latin" }), got(200, &with_zero("x-latin", "café"), "", Value::Null)),
        (json!({ "path": "/unsized" }), got(200, &none, &hello, Value::Null)),
        (
            json!({ "path": "/trailers", "headers": [["te", "trailers"]] }),
            got(200, &json!([["trailer", "x-sum"]]), &hello, json!([["x-sum", "1"]])),
        ),
        (json!({ "path": "/no-content" }), got(204, &none, "", Value::Null)),
        (json!({ "path": "/not-modified" }), got(304, &json!([["etag", "\"1\""]]), "", Value::Null)),
        (json!({ "path": "/head", "method": "HEAD" }), got(200, &json!([["content-length", "1000"]]), "", Value::Null)),
    ] {
        for (version, guest, url) in [("1.1", &guest1, &url1), ("2", &guest2, &url2)] {
            let (mut told, notices) = told(guest, url, &wanted).await;
            told.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            let mut expected = expected.clone();
            expected.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            assert_eq!(told, expected, "HTTP/{version}: {wanted} {notices:?}");
            assert_eq!(notices, [], "HTTP/{version}: {wanted}");
        }
    }
    assert_eq!((http1.connections(), http2.connections()), (1, 1), "all went over one connection each");
}

/// HTTP/1.1 sends no trailers but those that were announced. The log tells.
#[tokio::test]
async fn trailers_that_cannot_be_sent_are_not_lost_in_silence() {
    let server = Server::http().await;
    let url = format!("http://127.0.0.1:{}", server.port());
    let guest = guest_with(allowing(&[&url]));
    let wanted = json!({ "method": "POST", "body_b64": "QQ==", "trailers": [["x-sum", "1"]] });
    let (seen, notices) = told(&guest, &url, &wanted).await;
    assert_eq!((&seen["body_b64"], &seen["trailers"]), (&json!("QQ=="), &Value::Null));
    assert!(
        matches!(&notices[..], [Notice::Failed { reason, .. }] if reason.contains("trailer header must name them"))
    );
}
