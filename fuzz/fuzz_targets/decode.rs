//! No event makes `decode` panic, and what it allocates is bounded by the event. What it reads is complete, and a load
//! balancer that got this very request would send an event which says the same.
#![no_main]

use funcserver_events::alb::{DecodeError, HeaderMode, decode, event, normal_form};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let incoming = match decode(data, data.len() % 3) {
        Ok(incoming) => incoming,
        Err(error) => return assert!(error.to_string().len() < 2000, "a message of {} bytes", error.to_string().len()),
    };
    let request = incoming.request;
    let uri = request.uri();
    assert!(uri.scheme().is_some() && uri.authority().is_some() && uri.path().starts_with('/'), "incomplete: {uri}");
    assert!(!request.headers().contains_key("connection"), "a hop-by-hop header was kept");
    for mode in [HeaderMode::Single, HeaderMode::Multi] {
        let sent = event(&request, mode, "arn").expect("what was decoded is text");
        let normal = normal_form(mode, request.clone());
        match decode(&sent, 0) {
            Ok(again) => {
                assert_eq!(again.request.method(), normal.method());
                assert_eq!(again.request.uri(), normal.uri());
                assert_eq!(again.request.headers(), normal.headers());
                assert_eq!(again.request.body(), normal.body());
            }
            // A `host` header was added to a map that was full, or a `=` to a target that was.
            Err(DecodeError::Invalid { at, .. }) => assert!(at == "path" || at.ends_with("eaders"), "{at}"),
            Err(error) => panic!("{error}"),
        }
    }
});
