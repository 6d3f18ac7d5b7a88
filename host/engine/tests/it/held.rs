//! The memory that the host holds for a guest is bounded in bytes, with every kind of handle.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use funcserver_engine::{Fault, Grants, Guest, Limits};
use funcserver_test_guest::Options;
use serde_json::Value;

use crate::common::{self, act, call, guest, guest_p3, guest_with, handle, json, limits, request, response};

/// The guest's report of what it holds: the number, and the error that stopped it.
async fn hold(guest: &Guest, what: &str) -> (u64, Value) {
    let answer = json(&response(guest, &format!("hold:{what}")).await);
    (answer["held"].as_u64().unwrap(), answer["refused"].clone())
}

fn few() -> Limits {
    Limits { held: 4 << 20, ..limits() }
}

fn with_scratch(limits: Limits, scratch: &Path) -> Options {
    let grants = Grants { scratch: Some(scratch.to_owned()), ..Grants::default() };
    Options { limits, grants, ..Options::default() }
}

#[tokio::test]
async fn fields_bodies_and_requests_are_bounded_in_bytes() {
    let guest = guest(few());
    for (what, most) in [("fields", 69), ("lists", 40), ("bodies", 30), ("paths", 69), ("methods", 0)] {
        let (held, refused) = hold(&guest, &format!("{what}:1500")).await;
        assert!(held <= most, "{held} {what}");
        assert!(refused.is_string(), "{what}");
        assert!(held > 0 || most == 0, "{what}");
    }
    assert_eq!(json(&response(&guest, "state").await)["requests"], 1);
}

#[tokio::test]
async fn fields_responses_and_requests_of_0_3_are_bounded_in_bytes() {
    let guest = guest_p3(few());
    for (what, most) in [("fields", 69), ("responses", 69), ("paths", 69), ("methods", 0)] {
        let (held, refused) = hold(&guest, &format!("{what}:1500")).await;
        assert!(held <= most, "{held} {what}");
        assert!(refused.is_string(), "{what}");
        assert!(held > 0 || most == 0, "{what}");
    }
    assert_eq!(json(&response(&guest, "state").await)["requests"], 1);
}

#[tokio::test]
async fn dropped_resources_no_longer_count() {
    let (held, refused) = hold(&guest(few()), "dropped:2000").await;
    assert_eq!((held, refused), (2000, Value::Null));
}

#[tokio::test]
async fn memory_of_the_host_counts_as_the_guests() {
    let guest = guest(Limits { memory: 16 << 20, held: 64 << 20, ..limits() });
    let (held, refused) = hold(&guest, "fields:1500").await;
    assert!(held < 340, "{held} of 60,000 bytes are more than 20 MiB");
    assert!(refused.is_string());
}

/// The number of fields that the load balancer allows and the `http` crate can hold.
#[tokio::test]
async fn a_copy_of_a_requests_fields_takes_one_more() {
    for count in [1_800, 10_000] {
        let mut request = request("hold:copies:3");
        for at in 0..count {
            request.headers_mut().append(http::HeaderName::try_from(format!("x{at}")).unwrap(), "1".parse().unwrap());
        }
        let (call, _) = call(Duration::from_secs(20));
        let answer = handle(&guest(limits()), request, call).await;
        let answer = json(&answer.result.unwrap());
        assert_eq!((&answer["held"], &answer["refused"]), (&3.into(), &Value::Null), "{count}");
    }
}

#[tokio::test]
async fn a_set_that_is_full_is_a_call_that_fails() {
    let limits = Limits { fields: 100_000, ..limits() };
    for (guest, error) in [(guest(limits.clone()), "Forbidden"), (guest_p3(limits), "SizeExceeded")] {
        let (held, refused) = hold(&guest, "one:30000").await;
        assert!((1_000..1_400).contains(&held), "{held}");
        assert!(refused.as_str().unwrap().contains(error), "{refused}");
    }
}

#[tokio::test]
async fn a_set_is_full_when_the_http_crates_is() {
    for (guest, error) in [(guest(limits()), "Forbidden"), (guest_p3(limits()), "SizeExceeded")] {
        let (held, refused) = hold(&guest, "one:30000").await;
        assert!(held > 20_000, "{held}");
        assert!(refused.as_str().unwrap().contains(error), "{refused}");
    }
}

#[tokio::test]
async fn one_call_is_limited_to_some_mebibytes() {
    let long = format!("error:{}", "x".repeat(1000));
    let (answer, _) = act(&guest(limits()), &long).await;
    assert!(matches!(answer.result, Err(Fault::ErrorCode(_))));
    // Each list has 1,000 fields of at least 24 bytes. None of these lists is too long, but one of 30 MB would be.
    let guest = guest(Limits { held: 512 << 20, memory: 512 << 20, ..limits() });
    let (held, _) = hold(&guest, "lists:10").await;
    assert_eq!(held, 10);
}

#[tokio::test]
async fn open_files_are_counted_apart() {
    for name in ["files", "readers", "listings"] {
        let scratch = tempfile::tempdir().unwrap();
        let guest = guest_with(with_scratch(Limits { descriptors: 20, ..limits() }, scratch.path()));
        let (held, refused) = hold(&guest, &format!("{name}:100")).await;
        assert!((15..=20).contains(&held), "{held} {name}");
        assert!(
            refused.as_str().unwrap().to_lowercase().replace('-', "").contains("insufficientmemory"),
            "{name}: {refused}"
        );
        let (held, _) = hold(&guest, "files:10").await;
        assert_eq!(held, 10, "another instance has its own share");
    }
}

#[tokio::test]
async fn open_files_of_0_3_are_counted_apart() {
    for name in ["files", "readers"] {
        let scratch = tempfile::tempdir().unwrap();
        let guest = guest_p3(with_scratch(Limits { descriptors: 20, ..limits() }, scratch.path()));
        let (held, refused) = hold(&guest, &format!("{name}:100")).await;
        assert!((15..=20).contains(&held), "{held} {name}");
        assert!(
            refused.as_str().unwrap().to_lowercase().replace('-', "").contains("insufficientmemory"),
            "{name}: {refused}"
        );
    }
    let scratch = tempfile::tempdir().unwrap();
    let guest = guest_p3(with_scratch(limits(), scratch.path()));
    let answer = json(&response(&guest, "hold:names:1").await);
    assert_eq!(answer, serde_json::json!({ "names": ["a", "b", "c"], "end": "Ok(())" }));
}

#[tokio::test]
async fn a_folder_is_listed_whole() {
    let assets = tempfile::tempdir().unwrap();
    let mut names: Vec<_> = (0..3000).map(|at| format!("{at}-{}", "y".repeat(100))).collect();
    for name in &names {
        std::fs::create_dir(assets.path().join(name)).unwrap();
    }
    names.sort();
    let grants = Grants { assets: Some(assets.path().to_owned()), ..Grants::default() };
    let guest = guest_with(Options { limits: limits(), grants, ..Options::default() });
    let answer = json(&response(&guest, "list:/").await);
    assert_eq!(answer["names"], serde_json::json!(names), "{answer}");
}

#[tokio::test]
async fn folders_of_any_depth_and_width_are_removed_after_the_answer() {
    let scratch = tempfile::tempdir().unwrap();
    let guest = guest_with(with_scratch(limits(), scratch.path()));
    for name in ["deep:3000", "wide:5000"] {
        // On a slow disk this takes longer than the ten seconds of `hold`.
        let (call, _) = call(Duration::from_secs(60));
        let answer = json(&handle(&guest, request(&format!("hold:{name}")), call).await.result.unwrap());
        assert!(answer["held"].as_u64().unwrap() >= 3000, "{name}: {answer}");
    }
    drop(guest);
    common::emptied(scratch.path()).await;
}

#[tokio::test]
async fn outgoing_bodies_pass_whole_through_small_buffers() {
    let request = http::Request::post("https://shop.example/").header("x-act", "count");
    let body = Bytes::from(vec![b'x'; 5 << 20]);
    let (call, _) = call(Duration::from_secs(20));
    let answer = handle(&guest(limits()), request.body(body).unwrap(), call).await;
    assert_eq!(json(&answer.result.unwrap())["body_bytes"], 5 << 20);
}
