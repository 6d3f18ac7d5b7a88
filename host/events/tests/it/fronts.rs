//! All front ends together: one request through the events of each, and one response through their replies.
//! `PROPTEST_CASES=10000` tries more of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use bytes::Bytes;
use funcserver_events::alb::HeaderMode;
use funcserver_events::{
    Event, EventFacts, Form, FrontKind, FrontOptions, HeaderLoss, Incoming, PathLoss, QueryLoss, alb, decode,
};
use http::header::{HOST, SET_COOKIE};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use crate::properties::{request, response};

const CLIENT: &str = "203.0.113.7";

pub(crate) fn facts(kind: FrontKind) -> EventFacts {
    let service = if kind == FrontKind::Url { "lambda-url" } else { "execute-api" };
    EventFacts {
        target_group_arn: "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/t/1".into(),
        domain: format!("abc.{service}.us-east-1.amazonaws.com"),
        stage: "$default".into(),
        client: CLIENT.into(),
        request_id: "id".into(),
        time_ms: 1_800_000_000_000,
    }
}

fn through(kind: FrontKind, request: &Request<Bytes>) -> Incoming {
    let event = kind.event(request, &facts(kind)).expect("a path and UTF-8");
    match decode(&event.into(), &FrontOptions::default()) {
        Ok(Event::Http(incoming)) => incoming,
        other => panic!("{kind}: {other:?}"),
    }
}

/// A request with a host, because an API names a domain where that is missing.
fn request_with_host() -> impl Strategy<Value = Request<Bytes>> {
    request().prop_map(|mut request| {
        if !request.headers().contains_key(HOST) {
            request.headers_mut().insert(HOST, HeaderValue::from_static("shop.example"));
        }
        request
    })
}

/// An authority that is not a URI's is the domain of an API, and `localhost` elsewhere.
fn settled(uri: &http::Uri, kind: FrontKind) -> String {
    uri.to_string().replacen(&facts(kind).domain, "localhost", 1)
}

proptest! {
    #[test]
    fn a_request_comes_back_from_each_front_end_in_its_normal_form(request in request_with_host()) {
        for kind in FrontKind::ALL {
            let Incoming { request: found, form, client, .. } = through(kind, &request);
            let normal = kind.normal_form(request.clone());
            prop_assert_eq!(found.method(), normal.method(), "{}", kind);
            prop_assert_eq!(settled(found.uri(), kind), normal.uri().to_string(), "{}", kind);
            prop_assert_eq!(found.headers(), normal.headers(), "{}", kind);
            prop_assert_eq!(found.body(), normal.body(), "{}", kind);
            prop_assert_eq!(form.is_head(), request.method() == Method::HEAD, "{}", kind);
            if !normal.headers().is_empty() {
                prop_assert_eq!(form.kind(), kind);
            }
            if matches!(kind, FrontKind::Url | FrontKind::HttpApi2 | FrontKind::HttpApi1 | FrontKind::Rest) {
                prop_assert_eq!(client.as_deref(), Some(CLIENT));
            }
        }
    }

    #[test]
    fn a_load_balancers_normal_form_follows_from_the_table(request in request()) {
        for mode in [HeaderMode::Single, HeaderMode::Multi] {
            let (own, table) = (alb::normal_form(mode, request.clone()), FrontKind::Alb(mode).normal_form(request.clone()));
            prop_assert_eq!(own.uri().to_string(), table.uri().to_string());
            prop_assert_eq!(own.headers(), table.headers());
            prop_assert_eq!(own.body(), table.body());
        }
    }

    #[test]
    fn a_response_comes_back_from_each_front_end(response in response(), head: bool) {
        for kind in FrontKind::ALL {
            let method = if head { Method::HEAD } else { Method::GET };
            let request = Request::builder().method(method).uri("/").header(HOST, "a").body(Bytes::new()).unwrap();
            let form = through(kind, &request).form;
            let reply = form.encode(&response, &FrontOptions::default()).expect("a response that can be sent");
            let seen = form.read_reply(&reply.json).expect("a valid reply");
            prop_assert_eq!(seen.status(), response.status());
            let bodiless = head || matches!(response.status().as_u16(), 204 | 304);
            prop_assert_eq!(seen.body(), if bodiless { &Bytes::new() } else { response.body() }, "{}", kind);
            let cookies = |response: &Response<Bytes>| response.headers().get_all(SET_COOKIE).iter().count();
            prop_assert_eq!(cookies(&seen), cookies(&response), "{}", kind);
        }
    }
}

proptest! {
    #[test]
    fn a_streamed_response_is_the_whole_one(response in response(), head: bool) {
        for kind in [FrontKind::Url, FrontKind::Rest] {
            let method = if head { Method::HEAD } else { Method::GET };
            let request = Request::builder().method(method).uri("/").header(HOST, "a").body(Bytes::new()).unwrap();
            let form = through(kind, &request).form;
            let stream = form.streamed().expect("a front end that streams");
            let (parts, body) = response.clone().into_parts();
            let mut reply = stream.encode(&parts).expect("a head that can be sent");
            let bodiless = head || matches!(parts.status.as_u16(), 204 | 304);
            reply.extend_from_slice(if bodiless { b"" } else { &body });
            let mut streamed = stream.read_whole(&reply.into()).expect("a valid prelude");
            let whole = form.encode(&response, &FrontOptions::default()).expect("a response that can be sent");
            let mut whole = form.read_reply(&whole.json).expect("a valid reply");
            // The length of a whole body is known.
            streamed.headers_mut().remove(header::CONTENT_LENGTH);
            whole.headers_mut().remove(header::CONTENT_LENGTH);
            prop_assert_eq!(streamed.status(), whole.status());
            prop_assert_eq!(streamed.headers(), whole.headers(), "{}", kind);
            prop_assert_eq!(streamed.body(), whole.body(), "{}", kind);
        }
    }
}

#[test]
fn only_function_urls_and_rest_apis_stream() {
    let streaming: Vec<_> = FrontKind::ALL.into_iter().filter(|kind| Form::of(*kind).streamed().is_some()).collect();
    assert_eq!(streaming, [FrontKind::Url, FrontKind::Rest]);
}

#[test]
fn a_prelude_has_its_own_members_and_limits() {
    let stream = |kind| Form::of(kind).streamed().unwrap();
    let head = |value: usize| {
        let response =
            Response::builder().header("x", "v".repeat(value)).header(SET_COOKIE, "a=1").header(SET_COOKIE, "b=2");
        response.body(()).unwrap().into_parts().0
    };
    let url = String::from_utf8(stream(FrontKind::Url).encode(&head(1)).unwrap()).unwrap();
    assert_eq!(url, "{\"statusCode\":200,\"headers\":{\"x\":\"v\"},\"cookies\":[\"a=1\",\"b=2\"]}\0\0\0\0\0\0\0\0");
    let rest = stream(FrontKind::Rest);
    let text = String::from_utf8(rest.encode(&head(1)).unwrap()).unwrap();
    let expected = r#"{"statusCode":200,"multiValueHeaders":{"x":["v"],"set-cookie":["a=1","b=2"]}}"#;
    assert_eq!(text.trim_end_matches('\0'), expected);
    let room = 16_384 - text.len();
    assert_eq!(rest.encode(&head(1 + room)).unwrap().len(), 16_384);
    let refused = rest.encode(&head(2 + room)).unwrap_err();
    assert_eq!(refused.to_string(), "the response's headers have 16385 bytes, a REST API that streams accepts 16384");
    assert!(stream(FrontKind::Url).encode(&head(20_000)).is_ok());

    let length = |values: &[&str], status: u16| {
        let mut response = Response::builder().status(status);
        for value in values {
            response = response.header(header::CONTENT_LENGTH, *value);
        }
        let prelude = stream(FrontKind::Url).encode(&response.body(()).unwrap().into_parts().0).unwrap();
        String::from_utf8(prelude).unwrap().contains("content-length")
    };
    assert!(length(&["5"], 200) && length(&["5", "5"], 200) && length(&["5"], 304));
    assert!(!length(&["5", "6"], 200) && !length(&["five"], 200) && !length(&["5"], 204));
    let switching = Response::builder().status(101).body(()).unwrap().into_parts().0;
    assert!(rest.encode(&switching).is_err());
}

#[test]
fn a_prelude_is_read_as_strictly_as_by_the_front_end() {
    let read = |kind, prelude: &str| {
        let stream = Form::of(kind).streamed().unwrap();
        stream.read(prelude.as_bytes()).map(|head| head.status().as_u16()).map_err(|error| error.to_string())
    };
    for kind in [FrontKind::Url, FrontKind::Rest] {
        assert_eq!(read(kind, r#"{"statusCode":201,"headers":{"a":"b"},"cookies":["c=1"]}"#), Ok(201));
        for (prelude, expected) in [
            ("x", "invalid JSON"),
            ("[]", "expected an object"),
            (r#"{"statusCode":99}"#, "expected 200 to 599"),
            (r#"{"statusCode":200,"body":"x"}"#, "body: a stream begins with"),
            (r#"{"statusCode":200,"isBase64Encoded":false}"#, "isBase64Encoded: a stream begins with"),
            (r#"{"statusCode":200,"headers":{"a":1}}"#, "headers.a"),
        ] {
            let error = read(kind, prelude).unwrap_err();
            assert!(error.contains(expected), "{kind}: {prelude}: {error}");
        }
    }
    assert_eq!(read(FrontKind::Url, "{}"), Ok(200));
    assert!(read(FrontKind::Rest, "{}").is_err());
    let long = format!(r#"{{"statusCode":200,"headers":{{"a":"{}"}}}}"#, "x".repeat(17_000));
    assert!(read(FrontKind::Url, &long).is_ok() && read(FrontKind::Rest, &long).is_err());
}

/// What of a request a handler can compare.
fn seen(incoming: &Incoming) -> (String, String, Vec<(String, Vec<u8>)>, Bytes) {
    let Incoming { request, .. } = incoming;
    let mut headers: Vec<_> =
        request.headers().iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    headers.sort();
    (request.method().to_string(), request.uri().to_string(), headers, request.body().clone())
}

/// 300 requests of a generator, each through all front ends. A handler sees the same from two of them, unless the table
/// of losses says which of the two lost something.
#[test]
fn one_request_reaches_the_handler_the_same_through_all_front_ends() {
    let mut runner = TestRunner::deterministic();
    runner = TestRunner::new_with_rng(Config::default(), runner.new_rng());
    let (mut same, mut lossy) = (BTreeMap::new(), BTreeMap::new());
    for _ in 0..300 {
        let mut request = request_with_host().new_tree(&mut runner).unwrap().current();
        request.headers_mut().insert(HOST, HeaderValue::from_static("shop.example"));
        // The form in which all of it would arrive: what every front end loses is gone already.
        let whole = FrontKind::Url.normal_form(request.clone());
        for kind in FrontKind::ALL {
            let found = through(kind, &request);
            let normal = kind.normal_form(request.clone());
            assert_eq!(found.request.uri(), normal.uri(), "{kind}");
            assert_eq!(found.request.headers(), normal.headers(), "{kind}");
            let incoming = Incoming { request: whole.clone(), ..found.clone() };
            let counts = if seen(&found) == seen(&incoming) { &mut same } else { &mut lossy };
            *counts.entry(kind.to_string()).or_insert(0) += 1;
        }
    }
    for kind in FrontKind::ALL {
        let count = |counts: &BTreeMap<String, usize>| counts.get(&kind.to_string()).copied().unwrap_or(0);
        println!("{kind}: {} as through a function URL, {} with the written losses", count(&same), count(&lossy));
        assert_eq!(count(&same) + count(&lossy), 300);
    }
    assert_eq!(same[&FrontKind::Url.to_string()], 300);
}

#[test]
fn a_request_without_what_front_ends_lose_is_the_same_through_all() {
    let request = Request::post("/shop/items/7?color=red&size=XL&page=2")
        .header(HOST, "shop.example")
        .header("x-forwarded-proto", "https")
        .header("accept", "text/html, */*;q=0.1")
        .header("cookie", "session=abc; theme=dark")
        .header("content-type", "application/octet-stream")
        .body(Bytes::from_static(b"\x00\xff"))
        .unwrap();
    let first = seen(&through(FrontKind::Url, &request));
    assert_eq!(first.1, "https://shop.example/shop/items/7?color=red&size=XL&page=2");
    for kind in FrontKind::ALL {
        assert_eq!(seen(&through(kind, &request)), first, "{kind}");
    }
}

#[test]
fn the_stage_of_an_api_is_in_a_header_and_not_in_the_path() {
    for kind in [FrontKind::HttpApi2, FrontKind::HttpApi1, FrontKind::Rest] {
        let forged = Request::get("/a%20b?x=1").header("x-forwarded-prefix", "/forged").body(Bytes::new()).unwrap();
        for (stage, prefix) in [("live", Some("/live")), ("$default", None)] {
            let facts = EventFacts { stage: stage.into(), ..facts(kind) };
            let event = kind.event(&forged, &facts).unwrap();
            let Ok(Event::Http(incoming)) = decode(&event.into(), &FrontOptions::default()) else { panic!("{kind}") };
            assert_eq!(incoming.request.uri().path_and_query().unwrap(), "/a%20b?x=1", "{kind}");
            let found = incoming.request.headers().get("x-forwarded-prefix").map(|value| value.to_str().unwrap());
            assert_eq!(found, prefix, "{kind} at {stage}");
        }
    }
}

#[test]
fn each_reply_has_the_members_of_its_front_end() {
    let response = Response::builder()
        .status(StatusCode::CREATED)
        .header("vary", "accept")
        .header("vary", "origin")
        .header(SET_COOKIE, "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT")
        .header(SET_COOKIE, "b=2")
        .header(header::CONTENT_TYPE, "text/plain")
        .header("connection", "close")
        .body(Bytes::from("x"))
        .unwrap();
    let two_cookies = r#"["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT","b=2"]"#;
    for (kind, expected) in [
        (
            FrontKind::Url,
            format!(
                r#"{{"statusCode":201,"isBase64Encoded":false,"headers":{{"vary":"accept, origin","content-type":"text/plain"}},"cookies":{two_cookies},"body":"x"}}"#
            ),
        ),
        (
            FrontKind::Rest,
            format!(
                r#"{{"statusCode":201,"isBase64Encoded":false,"multiValueHeaders":{{"vary":["accept","origin"],"set-cookie":{two_cookies},"content-type":["text/plain"]}},"body":"x"}}"#
            ),
        ),
        (
            FrontKind::Lattice2,
            r#"{"statusCode":201,"statusDescription":"201 Created","isBase64Encoded":false,"headers":{"vary":"accept, origin","set-cookie":"a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT","Set-cookie":"b=2","content-type":"text/plain"},"body":"x"}"#
                .to_owned(),
        ),
    ] {
        let reply = Form::of(kind).encode(&response, &FrontOptions::default()).unwrap();
        assert_eq!(String::from_utf8(reply.json).unwrap(), expected, "{kind}");
    }
}

#[test]
fn a_rest_api_renames_some_headers_of_a_reply() {
    let reply = br#"{"statusCode":200,"multiValueHeaders":{"date":["d"],"x-a":["1","2"],"upgrade":["h2"]},"headers":{"server":"s"},"body":"{}"}"#;
    let seen = Form::of(FrontKind::Rest).read_reply(reply).unwrap();
    let mut headers: Vec<_> = seen.headers().iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
    headers.sort();
    assert_eq!(
        headers,
        [
            r#"content-type: "application/json""#,
            r#"x-a: "1""#,
            r#"x-a: "2""#,
            r#"x-amzn-remapped-date: "d""#,
            r#"x-amzn-remapped-server: "s""#
        ]
    );
}

#[test]
fn a_reply_of_format_2_without_a_status_is_the_body() {
    let form = Form::of(FrontKind::Url);
    for reply in [r#"{"message":"hi"}"#, "[1]", "\"text\""] {
        let seen = form.read_reply(reply.as_bytes()).unwrap();
        assert_eq!((seen.status(), seen.body().as_ref()), (StatusCode::OK, reply.as_bytes()));
        assert_eq!(seen.headers()[header::CONTENT_TYPE], "application/json");
    }
    assert!(form.read_reply(b"no JSON").is_err());
    assert!(form.read_reply(br#"{"statusCode":"200"}"#).is_err());
}

/// The table in `docs/limits.md`.
#[test]
fn the_losses_are_documented() {
    let mut table = String::from(
        "| front end | path | query | repeated headers | headers that do not arrive |\n| --- | --- | --- | --- | --- |\n",
    );
    for kind in FrontKind::ALL {
        let losses = kind.losses();
        let path = match losses.path {
            PathLoss::Nothing => "as sent",
            PathLoss::Decoded => "decoded: `%2F` becomes `/`, `%3F` ends it",
        };
        let query = match losses.query {
            QueryLoss::Nothing => "as sent",
            QueryLoss::Order => "grouped by key; `flag` becomes `flag=`",
            QueryLoss::AllButLast => "the last of each key; `flag` becomes `flag=`",
            QueryLoss::Spelling => "decoded, grouped by key; `;` separates as `&` does",
        };
        let headers = match losses.headers {
            HeaderLoss::Nothing => "all".to_owned(),
            HeaderLoss::Joined(separator) => format!("joined by `{separator}`"),
            HeaderLoss::AllButLast => "the last".to_owned(),
        };
        let cookies = if losses.cookies_split { "; cookies joined by `; `" } else { "" };
        let dropped: Vec<_> = losses.dropped.iter().map(|name| format!("`{name}`")).collect();
        let dropped = if dropped.is_empty() { "none".to_owned() } else { dropped.join(", ") };
        writeln!(table, "| {kind} | {path} | {query} | {headers}{cookies} | {dropped} |").unwrap();
    }
    // cargo starts tests in the package's folder.
    let docs = fs::read_to_string("../../docs/limits.md").unwrap();
    assert!(docs.contains(&table), "docs/limits.md needs this table:\n{table}");
}
