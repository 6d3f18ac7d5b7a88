//! Events that are nearly those of a front end: each member of each front end's event once missing, once null, and
//! once of each wrong type.

use bytes::Bytes;
use funcserver_events::{Event, FrontKind, FrontOptions, Incoming, InvalidEvent, decode};
use http::Request;
use serde_json::{Value, json};

use crate::fronts::facts;

/// An event with all members of its front end.
fn event(kind: FrontKind) -> Value {
    let request = Request::post("/shop/a%20b?x=1&x=2&y=%2B")
        .header("host", "shop.example")
        .header("x-twice", "1")
        .header("x-twice", "2")
        .header("cookie", "a=1; b=2")
        .header("content-type", "text/plain")
        .body(Bytes::from_static(b"hello"))
        .unwrap();
    serde_json::from_slice(&kind.event(&request, &facts(kind)).unwrap()).unwrap()
}

/// The JSON pointers of all members of an event, and of the elements of its lists.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    let inner: Vec<_> = match value {
        Value::Object(members) => members.iter().map(|(key, value)| (escaped(key), value)).collect(),
        Value::Array(elements) => {
            elements.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
        }
        _ => return,
    };
    for (key, value) in inner {
        let at = format!("{at}/{key}");
        found.push(at.clone());
        places(value, &at, found);
    }
}

fn all_places(event: &Value) -> Vec<String> {
    let mut found = Vec::new();
    places(event, "", &mut found);
    found
}

fn without(event: &Value, place: &str) -> Value {
    let mut event = event.clone();
    let (parent, key) = place.rsplit_once('/').unwrap();
    match event.pointer_mut(parent).unwrap() {
        Value::Object(members) => drop(members.remove(&key.replace("~1", "/").replace("~0", "~"))),
        Value::Array(elements) => drop(elements.remove(key.parse().unwrap())),
        other => panic!("{other}"),
    }
    event
}

enum Outcome {
    Request(Box<Incoming>),
    Invalid(InvalidEvent),
    Other,
}

/// What becomes of an event, which is complete in any case.
fn outcome(event: &Value) -> Outcome {
    match decode(&event.to_string().into(), &FrontOptions::default()) {
        Ok(Event::Http(incoming)) => {
            let uri = incoming.request.uri();
            assert!(uri.scheme().is_some() && uri.authority().is_some() && uri.path().starts_with('/'), "{event}");
            Outcome::Request(Box::new(incoming))
        }
        Ok(Event::Other { .. }) => Outcome::Other,
        Err(invalid) => {
            assert!(!invalid.at.is_empty() && invalid.reason.len() < 500, "{invalid:?}");
            Outcome::Invalid(invalid)
        }
    }
}

fn wrong_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(-7),
        json!(1e300),
        json!(""),
        json!("\u{0}\r\n"),
        json!("%"),
        json!([]),
        json!([null]),
        json!([[1]]),
        json!({}),
        json!({ "": null }),
        json!({ "a": { "b": [] } }),
    ]
}

/// Only the names of members tell a front end, and of values that of `requestContext`, `elb` in it, and the domain of a
/// function URL.
fn may_change_the_kind(place: &str) -> bool {
    matches!(place, "/requestContext" | "/requestContext/elb" | "/requestContext/domainName")
}

#[test]
fn a_wrong_value_is_an_answer_of_its_front_end_that_names_the_place() {
    let (mut requests, mut invalid) = (0, 0);
    for kind in FrontKind::ALL {
        let good = event(kind);
        for place in all_places(&good) {
            for value in wrong_values() {
                let mut event = good.clone();
                *event.pointer_mut(&place).unwrap() = value.clone();
                match outcome(&event) {
                    Outcome::Request(incoming) => {
                        requests += 1;
                        assert!(may_change_the_kind(&place) || incoming.form.kind() == kind, "{kind} {place} {value}");
                    }
                    Outcome::Invalid(found) => {
                        invalid += 1;
                        if may_change_the_kind(&place) {
                            continue;
                        }
                        assert_eq!(found.form.kind(), kind, "{place} {value}");
                        let first = place.split('/').nth(1).unwrap();
                        // What is said to be base64 is wrong in the body.
                        let blamed =
                            found.at.starts_with(first) || first.to_lowercase().starts_with("is") && found.at == "body";
                        assert!(blamed, "{kind}: {place} {value} is blamed on {}", found.at);
                    }
                    Outcome::Other => assert!(may_change_the_kind(&place), "{kind} {place} {value}"),
                }
            }
        }
    }
    println!("{requests} requests, {invalid} invalid events");
    assert!(requests > 1000 && invalid > 500, "{requests} and {invalid}");
}

#[test]
fn null_is_the_same_as_missing() {
    for kind in FrontKind::ALL {
        let good = event(kind);
        for place in all_places(&good) {
            // Names and values of the client have no null.
            let is_clients = place.matches('/').count() > 1 && !place.starts_with("/requestContext");
            let mut null = good.clone();
            *null.pointer_mut(&place).unwrap() = Value::Null;
            match (outcome(&null), outcome(&without(&good, &place))) {
                _ if is_clients || may_change_the_kind(&place) => {}
                // The name of a member tells the front end: the event without it may be of another.
                (Outcome::Request(_), Outcome::Request(missing)) if missing.form.kind() != kind => {}
                (Outcome::Request(null), Outcome::Request(missing)) => {
                    assert_eq!(null.request.uri(), missing.request.uri(), "{kind} {place}");
                    assert_eq!(null.request.headers(), missing.request.headers(), "{kind} {place}");
                    assert_eq!(null.request.body(), missing.request.body(), "{kind} {place}");
                }
                (Outcome::Invalid(null), Outcome::Invalid(missing)) => {
                    assert_eq!(null.at, missing.at, "{kind} {place}")
                }
                (Outcome::Invalid(_), Outcome::Other) => {}
                (null, _) => panic!("{kind} {place}: {}", matches!(null, Outcome::Request(_))),
            }
        }
    }
}

#[test]
fn an_event_that_lacks_a_member_is_never_a_request_of_another_front_end() {
    for kind in FrontKind::ALL {
        let good = event(kind);
        for place in all_places(&good) {
            let Outcome::Request(incoming) = outcome(&without(&good, &place)) else { continue };
            let found = incoming.form.kind();
            // A load balancer's event without headers has the other mode, and the two payload formats of API Gateway
            // have members without which one is like another front end's.
            let alike = match kind {
                FrontKind::Alb(_) => matches!(found, FrontKind::Alb(_)),
                FrontKind::Url => found == FrontKind::HttpApi2 && place.starts_with("/requestContext"),
                FrontKind::HttpApi1 => found == FrontKind::Rest && place == "/version",
                FrontKind::Rest => matches!(found, FrontKind::Alb(_)) && place == "/resource",
                FrontKind::Lattice2 => found == FrontKind::Lattice2,
                FrontKind::HttpApi2 | FrontKind::Lattice1 => false,
            };
            assert!(found == kind || alike, "{kind} without {place} is a request of {found}");
        }
    }
}

#[test]
fn a_stage_that_is_no_prefix_of_the_path_changes_nothing() {
    for (kind, path) in [(FrontKind::HttpApi2, "rawPath"), (FrontKind::HttpApi1, "path")] {
        for (stage, sent, expected, prefix) in [
            ("live", "/shop", "/shop", None),
            ("live", "/lively/shop", "/lively/shop", None),
            ("live", "/a/live/shop", "/a/live/shop", None),
            ("live", "/LIVE/shop", "/LIVE/shop", None),
            ("live", "/live/live/shop", "/live/shop", Some("/live")),
            ("live", "/live", "/", Some("/live")),
            ("", "/shop", "/shop", None),
            ("$default", "/$default/x", "/$default/x", None),
            ("a.b", "/axb/x", "/axb/x", None),
        ] {
            let mut event = event(kind);
            event[path] = json!(sent);
            event["requestContext"]["stage"] = json!(stage);
            event["requestContext"]["path"] = json!(sent);
            let Outcome::Request(incoming) = outcome(&event) else { panic!("{kind} {stage} {sent}") };
            assert_eq!(incoming.request.uri().path(), expected, "{kind} {stage} {sent}");
            let found = incoming.request.headers().get("x-forwarded-prefix").map(|value| value.to_str().unwrap());
            assert_eq!(found, prefix, "{kind} {stage} {sent}");
        }
    }
}

#[test]
fn what_an_http_api_has_decoded_in_a_path_stays_in_the_path() {
    for (kind, path) in [(FrontKind::HttpApi2, "rawPath"), (FrontKind::HttpApi1, "path")] {
        for (sent, expected) in [
            ("/a?b", "/a%3Fb"),
            ("/a#b", "/a%23b"),
            ("/100%", "/100%25"),
            ("/100%zz", "/100%25zz"),
            ("/a%20b", "/a%20b"),
            ("/%2", "/%252"),
            ("/a b/ü", "/a%20b/%C3%BC"),
            ("/?x=1#y", "/%3Fx=1%23y"),
            ("/a\\b\"<>", "/a%5Cb%22%3C%3E"),
        ] {
            let mut event = event(kind);
            event[path] = json!(sent);
            event["requestContext"]["path"] = json!(sent);
            let Outcome::Request(incoming) = outcome(&event) else { panic!("{kind} {sent}") };
            let found = incoming.request.uri().path().to_owned();
            let raw = found.replace('\\', "%5C").replace('"', "%22");
            assert_eq!(raw, expected, "{kind}: {found}");
            assert!(incoming.request.uri().query().is_some_and(|query| query.starts_with("x=1")), "{kind} {sent}");
        }
    }
}

#[test]
fn cookies_in_both_places_are_one_header_that_is_the_clients() {
    for kind in [FrontKind::Url, FrontKind::HttpApi2] {
        for (list, header, expected) in [
            (json!(["a=1", "b=2"]), Some("a=1; b=2"), Some("a=1; b=2")),
            (json!(["a=1"]), Some("other=3"), Some("other=3")),
            (json!(["a=1", "b=2"]), None, Some("a=1; b=2")),
            (json!([]), Some("a=1"), Some("a=1")),
            (json!(null), None, None),
        ] {
            let mut event = event(kind);
            event["cookies"] = list;
            match header {
                Some(header) => event["headers"]["cookie"] = json!(header),
                None => drop(event["headers"].as_object_mut().unwrap().remove("cookie")),
            }
            let Outcome::Request(incoming) = outcome(&event) else { panic!("{kind}") };
            let found: Vec<_> = incoming.request.headers().get_all("cookie").iter().collect();
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{kind}");
        }
    }
}
