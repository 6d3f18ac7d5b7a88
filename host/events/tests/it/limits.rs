//! A value that exceeds a limit of the `http` crate or of the load balancer gives an error with its size, and no panic.

use bytes::Bytes;
use funcserver_events::alb::{HeaderMode, LIMITS, ReplyError, ReplyForm, ReplyOptions, encode, read_reply};
use funcserver_events::{EncodeError, Event, Form, FrontLimits, FrontOptions, InvalidEvent, decode};
use http::{HeaderName, HeaderValue, Request, Response};
use serde_json::{Map, Value, json};

const SINGLE: ReplyForm = ReplyForm { mode: HeaderMode::Single, head: false };

fn event_with_headers(count: usize) -> Vec<u8> {
    let headers: Map<_, _> = (0..count).map(|n| (format!("x-{n}"), "".into())).collect();
    json!({"httpMethod": "GET", "path": "/", "headers": headers}).to_string().into()
}

fn event_with_target(path: usize, query: usize) -> Vec<u8> {
    let query = json!({"k": "v".repeat(query)});
    json!({"httpMethod": "GET", "path": "/".repeat(path), "queryStringParameters": query}).to_string().into()
}

fn read(event: impl Into<Bytes>) -> Result<Event, InvalidEvent> {
    decode(&event.into(), &FrontOptions::default())
}

fn request(event: impl Into<Bytes>) -> Request<Bytes> {
    match read(event) {
        Ok(Event::Http(incoming)) => incoming.request,
        other => panic!("expected a request, got {other:?}"),
    }
}

fn fault(event: impl Into<Bytes>) -> (String, String) {
    match read(event) {
        Err(InvalidEvent { at, reason, .. }) => (at, reason),
        other => panic!("expected an invalid event, got {other:?}"),
    }
}

#[test]
fn as_many_header_names_as_the_http_crate_holds() {
    assert_eq!(request(event_with_headers(24_576)).headers().keys_len(), 24_576);
    let (at, reason) = fault(event_with_headers(24_577));
    assert_eq!((at.as_str(), reason.as_str()), ("headers", "more than 24576 header names"));
}

#[test]
fn many_values_of_one_header() {
    let event = |count: usize| {
        json!({"httpMethod": "GET", "path": "/", "multiValueHeaders": {"x": vec![""; count]}}).to_string()
    };
    assert_eq!(request(event(100_000)).headers().len(), 100_000);
    assert_eq!(fault(event(100_001)), ("multiValueHeaders.x[100000]".into(), "more than 100000 header fields".into()));
}

#[test]
fn a_header_name_or_value_of_any_length() {
    let event = |name: usize| {
        json!({"httpMethod": "GET", "path": "/", "headers": {"x".repeat(name): "v".repeat(1 << 20)}}).to_string()
    };
    request(event(1000));
    assert_eq!(fault(event(1 << 17)).1, "not a header name");
}

#[test]
fn as_long_a_target_as_the_http_crate_holds() {
    let query = 65_534 - "/?k=".len();
    assert_eq!(request(event_with_target(1, query)).uri().path_and_query().unwrap().as_str().len(), 65_534);
    let (at, reason) = fault(event_with_target(1, query + 1));
    assert_eq!(at, "path");
    assert_eq!(reason, "the path has 1 bytes, and 65535 with the query: expected at most 65534");
    fault(event_with_target(70_000, 0));
}

#[test]
fn nesting_uses_no_stack() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        let unknown = format!(r#"{{"httpMethod":"GET","path":"/","unknown":{}}}"#, deep(200_000));
        request(unknown);
        let known = format!(r#"{{"httpMethod":"GET","path":"/","body":{}}}"#, deep(200_000));
        assert_eq!(fault(known).0, "body");
        let other = deep(200_000);
        assert!(matches!(read(other), Ok(Event::Other { .. })));
        let reply = format!(r#"{{"statusCode":200,"headers":{}}}"#, deep(100_000));
        assert!(matches!(read_reply(reply.as_bytes(), SINGLE), Err(ReplyError::Invalid { .. })));
    }
}

#[test]
fn more_cookies_than_letter_case_variants() {
    let mut response = Response::new(Bytes::new());
    for n in 0..513 {
        response.headers_mut().append("set-cookie", n.into());
    }
    let encoded = |form| encode(&response, form, &ReplyOptions::default());
    assert_eq!(encoded(SINGLE), Err(EncodeError::Cookies { count: 513, limit: 512 }));
    assert!(encoded(ReplyForm { mode: HeaderMode::Multi, head: false }).is_ok());
}

#[test]
fn replies_of_one_mebibyte() {
    let options = ReplyOptions::default();
    for content_type in ["text/plain", "image/png"] {
        let sized = |length: usize| {
            let body = Response::builder().header("content-type", content_type).body(Bytes::from(vec![b'"'; length]));
            encode(&body.unwrap(), SINGLE, &options).map(|reply| reply.json.len())
        };
        let around = sized(0).unwrap();
        let fits =
            if content_type == "text/plain" { (LIMITS.reply - around) / 2 } else { (LIMITS.reply - around) / 4 * 3 };
        assert!(sized(fits).unwrap() > LIMITS.reply - 4);
        let size = sized(fits + 3).unwrap_err();
        assert!(
            matches!(size, EncodeError::Reply { size, limit: 1_048_576, .. } if size > 1_048_576 && size < 1_048_590),
            "{size:?}"
        );
    }
}

#[test]
fn a_header_block_of_32_k() {
    let mut response = Response::new(Bytes::new());
    response
        .headers_mut()
        .append(HeaderName::from_static("x-a"), HeaderValue::from_bytes(&[b'v'; 32_768 - 7]).unwrap());
    let reply = encode(&response, SINGLE, &ReplyOptions::default()).expect("just fits");
    assert!(read_reply(&reply.json, SINGLE).is_ok());

    response.headers_mut().append("x-b", HeaderValue::from_static(""));
    assert_eq!(
        encode(&response, SINGLE, &ReplyOptions::default()),
        Err(EncodeError::Headers { size: 32_775, limit: 32_768, front: "the load balancer" })
    );
    let generous = ReplyOptions { limits: FrontLimits { headers: usize::MAX, ..LIMITS }, ..ReplyOptions::default() };
    let reply = encode(&response, SINGLE, &generous).expect("no limit");
    let error = read_reply(&reply.json, SINGLE).expect_err("too large");
    assert_eq!(
        error,
        ReplyError::TooLarge { what: "headers", size: 32_775, limit: 32_768, front: "the load balancer" }
    );
    assert_eq!(error.reason(), "LambdaResponseTooLarge");
}

#[test]
fn a_reply_above_one_mebibyte_is_not_parsed() {
    let error = read_reply(&vec![b'x'; 1_048_577], SINGLE).expect_err("too large");
    assert_eq!(error.to_string(), "reply: 1048577 bytes, the load balancer accepts 1048576");
    assert_eq!(error.reason(), "LambdaResponseTooLarge");
}

#[test]
fn messages_stay_short() {
    let long = "é".repeat(100_000);
    let event: Value = json!({"httpMethod": long, "path": "/"});
    assert!(fault(event.to_string()).1.len() < 300);
    let event: Value = json!({"httpMethod": "GET", "path": "/", "headers": {long: 1}});
    assert!(fault(event.to_string()).0.len() < 400);
}

#[test]
fn settings_can_only_lower_the_limits_of_a_form() {
    let Ok(Event::Http(incoming)) = read(r#"{"httpMethod":"GET","path":"/"}"#) else { panic!("not a request") };
    assert_eq!((incoming.form, incoming.form.limits()), (Form::Alb(SINGLE), LIMITS));
    assert!(incoming.form.streamed().is_none() && !incoming.form.has_multi_value_headers());
    for (max_reply, limit) in [(usize::MAX, LIMITS.reply), (LIMITS.reply + 1, LIMITS.reply), (1000, 1000)] {
        let options = FrontOptions { max_reply, ..FrontOptions::default() };
        let refused = incoming.form.encode(&Response::new(vec![b'x'; LIMITS.reply].into()), &options);
        assert!(matches!(refused, Err(EncodeError::Reply { limit: found, .. }) if found == limit), "{refused:?}");
    }
}
