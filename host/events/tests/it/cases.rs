//! Golden cases: each JSON file in `cases/` has an input and its expected output.
//!
//! The first word of a file's name is the direction: `decode` (event → request), `encode` (response → reply), `event`
//! (request → event) or `reply` (reply → response). `about` says what the case shows. An input that is not JSON is in
//! `event_text` or `reply_text` instead of the usual field. Bytes that are not text are `{"base64": ...}` or
//! `body_base64`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use funcserver_events::alb::{HeaderMode, LIMITS, ReplyForm, ReplyOptions, encode, event, normal_form, read_reply};
use funcserver_events::{Event, Form, FrontKind, FrontLimits, FrontOptions, InvalidEvent, decode};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// A case: its fields, and the text of each, which keeps the order of keys.
struct Case {
    fields: Value,
    texts: HashMap<String, Box<RawValue>>,
}

impl std::ops::Deref for Case {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.fields
    }
}

#[test]
fn every_case() {
    // cargo starts tests in the package's folder. A path in the program may be that of another checkout, with which this
    // one shares its target folder.
    let folder = Path::new("tests/cases");
    let mut failures = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the folder of the cases") {
        let path = entry.expect("a case").path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let case = Case {
            fields: serde_json::from_str(&text).expect(&name),
            texts: serde_json::from_str(&text).expect(&name),
        };
        let (found, expected) = check(&name, &case);
        if found != expected {
            failures.push(format!("{name} ({}):\n  found    {found}\n  expected {expected}", case["about"]));
        }
        count += 1;
    }
    assert!(failures.is_empty(), "{} of {count} cases failed:\n{}", failures.len(), failures.join("\n"));
    assert!(count >= 100, "only {count} cases were found");
}

/// Runs the case, and returns the found and the expected output.
fn check(name: &str, case: &Case) -> (Value, Value) {
    assert!(case["about"].is_string(), "{name} has no `about`");
    match name.split('-').next() {
        Some("decode") => check_decode(case),
        Some("encode") => check_encode(case),
        Some("event") => check_event(case),
        Some("reply") => check_reply(case),
        _ => panic!("{name}: no such direction"),
    }
}

fn check_decode(case: &Case) -> (Value, Value) {
    let hops = case["trusted_hops"].as_u64().unwrap_or(0).try_into().unwrap();
    let options = FrontOptions { trusted_hops: hops, ..FrontOptions::default() };
    let found = match decode(&document(case, "event").into(), &options) {
        Ok(Event::Http(incoming)) => {
            let mut found = request_json(&incoming.request);
            insert_form(&mut found, incoming.form);
            insert_some(&mut found, "head", incoming.form.is_head().then_some(true));
            insert_some(&mut found, "request_context", incoming.request_context);
            insert_some(&mut found, "target_group_arn", incoming.target_group_arn);
            insert_some(&mut found, "client", incoming.client);
            Value::Object(found)
        }
        Ok(Event::Other { source, payload }) => {
            assert_eq!(payload, document(case, "event"), "the payload is unchanged");
            json!({ "kind": source.to_string() })
        }
        Err(InvalidEvent { form, at, reason }) => {
            let mut found = Map::from_iter([("at".to_owned(), at.into()), ("reason".to_owned(), reason.into())]);
            insert_form(&mut found, form);
            Value::Object(found)
        }
    };
    let expected = case.get("request").or_else(|| case.get("error")).expect("request or error");
    (found, expected.clone())
}

fn check_encode(case: &Case) -> (Value, Value) {
    let limit = |key: &str, default: usize| case[key].as_u64().map_or(default, |limit| limit.try_into().unwrap());
    let options = ReplyOptions {
        cookie_case_variants: case["cookie_case_variants"].as_bool().unwrap_or(true),
        limits: FrontLimits { reply: limit("max_reply", LIMITS.reply), headers: limit("max_headers", LIMITS.headers) },
    };
    let response = response(&case["response"]);
    match encode(&response, form(case), &options) {
        Ok(reply) => {
            assert_eq!(reply.cookie_variants, case["cookie_variants"].as_bool().unwrap_or(false));
            assert_eq!(reply.cookies_lost, limit("cookies_lost", 0));
            assert_eq!(read_reply(&reply.json, form(case)).expect("a valid reply").status(), response.status());
            (text(reply.json), compact(&document(case, "reply")))
        }
        Err(error) => (error.to_string().into(), case["error"].clone()),
    }
}

fn check_event(case: &Case) -> (Value, Value) {
    let mode = form(case).mode;
    let request = request(&case["request"]);
    match event(&request, mode, case["target_group_arn"].as_str().expect("target_group_arn")) {
        Ok(event) => {
            let decoded = decoded(&event);
            assert_eq!(
                request_json(&decoded),
                request_json(&normal_form(mode, request)),
                "the event decodes to the normal form"
            );
            (text(event), compact(&document(case, "event")))
        }
        Err(error) => (error.to_string().into(), case["error"].clone()),
    }
}

fn decoded(event: &[u8]) -> Request<Bytes> {
    match decode(&Bytes::copy_from_slice(event), &FrontOptions::default()) {
        Ok(Event::Http(incoming)) => incoming.request,
        other => panic!("expected a request, got {other:?}"),
    }
}

fn check_reply(case: &Case) -> (Value, Value) {
    match read_reply(&document(case, "reply"), form(case)) {
        Ok(response) => (Value::Object(response_json(&response)), case["response"].clone()),
        Err(error) => (json!([error.to_string(), error.reason()]), json!([case["error"], case["reason"]])),
    }
}

/// The document in a field of the case, byte for byte as in the file.
fn document(case: &Case, field: &str) -> Vec<u8> {
    match (case.get(format!("{field}_text")), case.texts.get(field)) {
        (Some(Value::String(text)), None) => text.clone().into_bytes(),
        (None, Some(document)) => document.get().into(),
        _ => panic!("either {field} or {field}_text"),
    }
}

fn text(json: Vec<u8>) -> Value {
    String::from_utf8(json).expect("UTF-8").into()
}

/// The document without white space between its tokens.
fn compact(document: &[u8]) -> Value {
    let (mut in_string, mut escaped) = (false, false);
    let mut is_kept = |byte: &u8| {
        let kept = in_string || !byte.is_ascii_whitespace();
        in_string ^= *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        kept
    };
    text(document.iter().copied().filter(|byte| is_kept(byte)).collect())
}

fn form(case: &Value) -> ReplyForm {
    let mode = match case["mode"].as_str() {
        Some("single") => HeaderMode::Single,
        Some("multi") => HeaderMode::Multi,
        other => panic!("no such mode: {other:?}"),
    };
    ReplyForm { mode, head: case["head"].as_bool().unwrap_or(false) }
}

/// Adds the header mode of a load balancer, or the name of another front end.
fn insert_form(object: &mut Map<String, Value>, form: Form) {
    let (key, value) = match form.kind() {
        FrontKind::Alb(HeaderMode::Single) => ("mode", "single".to_owned()),
        FrontKind::Alb(HeaderMode::Multi) => ("mode", "multi".to_owned()),
        kind => ("front", kind.to_string()),
    };
    object.insert(key.into(), value.into());
}

fn insert_some(object: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    object.extend(value.map(|value| (key.to_owned(), value.into())));
}

fn request(case: &Value) -> Request<Bytes> {
    let mut request = Request::new(body(case));
    *request.method_mut() = case["method"].as_str().unwrap().parse().unwrap();
    *request.uri_mut() = uri(case["uri"].as_str().unwrap());
    *request.headers_mut() = headers(&case["headers"]);
    request
}

/// Builds a URI from its parts: if `//x` were parsed as a whole, `x` would become the authority.
fn uri(text: &str) -> http::Uri {
    if !text.starts_with('/') {
        return text.parse().unwrap();
    }
    let mut parts = http::uri::Parts::default();
    parts.path_and_query = Some(text.parse().unwrap());
    http::Uri::from_parts(parts).unwrap()
}

fn response(case: &Value) -> Response<Bytes> {
    let mut response = Response::new(body(case));
    *response.status_mut() = u16::try_from(case["status"].as_u64().unwrap()).unwrap().try_into().unwrap();
    *response.headers_mut() = headers(&case["headers"]);
    response
}

fn body(case: &Value) -> Bytes {
    match (case["body"].as_str(), case["body_base64"].as_str()) {
        (Some(text), None) => text.to_owned().into(),
        (None, Some(base64)) => STANDARD.decode(base64).unwrap().into(),
        _ => panic!("either body or body_base64"),
    }
}

fn headers(case: &Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in case.as_array().unwrap() {
        let value = match (line[1].as_str(), line[1]["base64"].as_str()) {
            (Some(text), _) => HeaderValue::from_bytes(text.as_bytes()),
            (_, Some(base64)) => HeaderValue::from_bytes(&STANDARD.decode(base64).unwrap()),
            _ => panic!("not a header line: {line}"),
        };
        headers.append(line[0].as_str().unwrap().parse::<HeaderName>().unwrap(), value.unwrap());
    }
    headers
}

fn request_json(request: &Request<Bytes>) -> Map<String, Value> {
    let mut object = message_json(request.headers(), request.body());
    object.insert("method".into(), request.method().as_str().into());
    object.insert("uri".into(), request.uri().to_string().into());
    object
}

fn response_json(response: &Response<Bytes>) -> Map<String, Value> {
    let mut object = message_json(response.headers(), response.body());
    object.insert("status".into(), response.status().as_u16().into());
    object
}

fn message_json(headers: &HeaderMap, body: &[u8]) -> Map<String, Value> {
    let lines = headers.iter().map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]));
    let (key, body) = match std::str::from_utf8(body) {
        Ok(text) => ("body", text.to_owned()),
        Err(_) => ("body_base64", STANDARD.encode(body)),
    };
    Map::from_iter([("headers".into(), lines.collect()), (key.into(), body.into())])
}
