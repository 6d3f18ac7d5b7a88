//! No event makes `decode` panic, and its allocations are bounded by the size of the event. A decoded request is
//! complete, and a front end that received this request would send an equivalent event.
#![no_main]

use bytes::Bytes;
use funcserver_events::{Event, EventFacts, FrontKind, FrontOptions, InvalidEvent, NotHttp, decode};
use http::HeaderValue;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let options = FrontOptions { trusted_hops: data.len() % 3, ..FrontOptions::default() };
    let incoming = match decode(&Bytes::copy_from_slice(data), &options) {
        Ok(Event::Http(incoming)) => incoming,
        Ok(Event::Other { source, payload }) => {
            assert_eq!(payload, data);
            return is_short(&NotHttp(source).to_string());
        }
        Err(invalid) => return is_short(&invalid.to_string()),
    };
    let mut request = incoming.request;
    let uri = request.uri();
    assert!(uri.scheme().is_some() && uri.authority().is_some() && uri.path().starts_with('/'), "incomplete: {uri}");
    assert!(!request.headers().contains_key("connection"), "a hop-by-hop header was kept");
    // Without a usable host, an API's own domain is the authority.
    request.headers_mut().insert("host", HeaderValue::from_static("shop.example"));
    for kind in FrontKind::ALL {
        let sent = kind.event(&request, &facts(kind)).expect("what was decoded is text");
        let normal = kind.normal_form(request.clone());
        match decode(&sent.into(), &FrontOptions::default()) {
            Ok(Event::Http(again)) => {
                assert_eq!(again.request.method(), normal.method());
                assert_eq!(again.request.uri(), normal.uri());
                assert_eq!(again.request.headers(), normal.headers());
                assert_eq!(again.request.body(), normal.body());
            }
            // The event has a `host` header more than the map can hold, or a target that a `=` has made too long.
            Err(InvalidEvent { at, .. }) => {
                assert!(at.to_lowercase().ends_with("path") || at.ends_with("eaders"), "{at}")
            }
            Ok(Event::Other { source, .. }) => panic!("{source}"),
        }
    }
});

fn facts(kind: FrontKind) -> EventFacts {
    let service = if kind == FrontKind::Url { "lambda-url" } else { "execute-api" };
    EventFacts {
        target_group_arn: "arn".into(),
        domain: format!("abc.{service}.us-east-1.amazonaws.com"),
        stage: "$default".into(),
        client: "203.0.113.7".into(),
        request_id: "id".into(),
        time_ms: 0,
    }
}

fn is_short(message: &str) {
    assert!(message.len() < 2000, "a message of {} bytes", message.len());
}
