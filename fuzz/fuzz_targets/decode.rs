//! No event makes `decode` panic, and its allocations are bounded by the size of the event. A decoded request is
//! complete, and a load balancer that received this request would send an equivalent event.
#![no_main]

use bytes::Bytes;
use funcserver_events::alb::{HeaderMode, event, normal_form};
use funcserver_events::{Event, FrontOptions, InvalidEvent, NotHttp, decode};
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
    let request = incoming.request;
    let uri = request.uri();
    assert!(uri.scheme().is_some() && uri.authority().is_some() && uri.path().starts_with('/'), "incomplete: {uri}");
    assert!(!request.headers().contains_key("connection"), "a hop-by-hop header was kept");
    for mode in [HeaderMode::Single, HeaderMode::Multi] {
        let sent = event(&request, mode, "arn").expect("what was decoded is text");
        let normal = normal_form(mode, request.clone());
        match decode(&sent.into(), &FrontOptions::default()) {
            Ok(Event::Http(again)) => {
                assert_eq!(again.request.method(), normal.method());
                assert_eq!(again.request.uri(), normal.uri());
                assert_eq!(again.request.headers(), normal.headers());
                assert_eq!(again.request.body(), normal.body());
            }
            // The event has a `host` header more than the map can hold, or a target that a `=` has made too long.
            Err(InvalidEvent { at, .. }) => assert!(at == "path" || at.ends_with("eaders"), "{at}"),
            Ok(Event::Other { source, .. }) => panic!("{source}"),
        }
    }
});

fn is_short(message: &str) {
    assert!(message.len() < 2000, "a message of {} bytes", message.len());
}
