//! Adds a second front end next to the load balancer, to show what one takes: a file of its own, and one line for each
//! member and each kind where front ends meet.

mod relay;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use self::relay::{BothEvents, RelayForm};
use super::{EncodeError, Form, alb};

proptest! {
    #[test]
    fn a_request_comes_back_from_the_relay_in_its_normal_form(request in request()) {
        let event = relay::event(&request);
        let BothEvents::Relay(Ok((read, form))) = relay::decode(&event) else { panic!("not a request of the relay") };
        let normal = relay::normal_form(&request);
        prop_assert_eq!(read.method(), normal.method());
        prop_assert_eq!(read.uri(), normal.uri());
        prop_assert_eq!(read.headers(), normal.headers());
        prop_assert_eq!(read.body(), normal.body());
        prop_assert_eq!(form.head, request.method() == Method::HEAD);
    }

    #[test]
    fn a_second_front_end_does_not_change_a_load_balancers_request(request in request()) {
        for mode in [alb::HeaderMode::Single, alb::HeaderMode::Multi] {
            let event = alb::event(&request, mode, "arn").expect("an event");
            let BothEvents::Alb(Ok(read)) = relay::decode(&event) else { panic!("not a request of the load balancer") };
            let normal = alb::normal_form(mode, request.clone());
            prop_assert_eq!(read.request.uri(), normal.uri());
            prop_assert_eq!(read.request.headers(), normal.headers());
            prop_assert_eq!(read.request.body(), normal.body());
        }
    }

    #[test]
    fn a_response_comes_back_from_the_relay(body in vec(any::<u8>(), 0..80), cookies in vec("[ -~]{0,9}", 0..4)) {
        let mut response = Response::new(Bytes::from(body));
        for cookie in cookies {
            response.headers_mut().append("set-cookie", HeaderValue::try_from(cookie).expect("a value"));
        }
        let reply = relay::encode(&response, RelayForm { head: false }).expect("a reply");
        let seen = relay::read_reply(&reply).expect("a response");
        prop_assert_eq!(seen.status(), response.status());
        prop_assert_eq!(seen.headers(), response.headers());
        prop_assert_eq!(seen.body(), response.body());
    }
}

fn request() -> impl Strategy<Value = Request<Bytes>> {
    const NAMES: &[&str] = &["host", "connection", "x-a", "x-b", "cookie", "te", "content-type", "x-forwarded-proto"];
    let line = (select(NAMES), prop_oneof!["[ -~]{0,9}", "(close|x-a|, ?){0,3}", "https?"]);
    let target = "/[a-z%/]{0,9}(\\?[a-c=&%+]{0,12})?";
    let method = select(&[Method::GET, Method::HEAD, Method::POST]);
    (method, target, vec(line, 0..9), vec(any::<u8>(), 0..40)).prop_map(|(method, target, lines, body)| {
        let mut parts = http::uri::Parts::default();
        parts.path_and_query = Some(target.parse().expect("a target"));
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = method;
        *request.uri_mut() = Uri::from_parts(parts).expect("a URI");
        for (name, value) in lines {
            let value = HeaderValue::try_from(value).expect("a value");
            request.headers_mut().append(HeaderName::from_static(name), value);
        }
        request
    })
}

#[test]
fn member_names_identify_the_front_end_in_any_order() {
    for (event, expected) in [
        (r#"{"verb":"GET","target":"/","headers":{}}"#, "relay"),
        (r#"{"headers":{},"body":"x","path":"/","target":"/","verb":"GET"}"#, "relay"),
        (r#"{"verb":7}"#, "invalid: verb: expected a string, found a number"),
        (r#"{"verb":"GET","target":"a"}"#, "invalid: target: expected a path that begins with /, found \"a\""),
        (r#"{"verb":"GET","target":"/","headers":{"x":1}}"#, "invalid: headers.x: expected a string, found a number"),
        (r#"{"httpMethod":"GET","path":"/","headers":{}}"#, "alb"),
        (r#"{"Records":[]}"#, "other"),
        ("[]", "other"),
    ] {
        let found = match relay::decode(event.as_bytes()) {
            BothEvents::Alb(_) => "alb".into(),
            BothEvents::Relay(Ok(_)) => "relay".into(),
            BothEvents::Relay(Err(fault)) => format!("invalid: {}: {}", fault.at, fault.reason),
            BothEvents::Other => "other".into(),
        };
        assert_eq!(found, expected, "{event}");
    }
}

#[test]
fn each_form_has_limits_of_its_own() {
    let (relay, alb) = (RelayForm { head: false }, Form::default());
    assert!(relay.can_stream() && alb.streamed().is_none());
    let large = Response::new(Bytes::from(vec![b'x'; 2 << 20]));
    assert!(alb.encode(&large, &super::FrontOptions::default()).is_err());
    assert!(relay::encode(&large, relay).is_ok());
    let larger = Response::new(Bytes::from(vec![b'x'; relay.limits().reply]));
    let refused = relay::encode(&larger, relay).expect_err("more than the relay accepts");
    assert!(matches!(refused, EncodeError::Reply { limit: 6_291_456, .. }), "{refused}");
    assert!(refused.to_string().ends_with("of JSON, the relay accepts 6291456"), "{refused}");
}
