//! Instances that serve several requests: the state that each request finds, and when an instance is not reused.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use funcserver_engine::{Facts, Fault, Grants, Guest, Limits, Reuse};
use funcserver_test_guest::Options;
use http::{Method, Request};

use crate::common::{self, act, call, call_with, guest, guest_p3, guest_with, handle, json, limits, request, response};

fn options(requests: usize) -> Options {
    let reuse = Reuse { requests, ..Reuse::default() };
    Options { limits: Limits { concurrency: 1, ..limits() }, reuse, ..Options::default() }
}

fn both(options: &Options) -> [Guest; 2] {
    [guest(options.clone()), guest_p3(options.clone())]
}

/// The number of requests that the instance has served.
async fn requests(guest: &Guest) -> u64 {
    json(&response(guest, "state").await)["requests"].as_u64().unwrap()
}

#[tokio::test]
async fn an_instance_serves_as_many_requests_as_it_may() {
    for guest in both(&options(3)) {
        let mut counts = Vec::new();
        for _ in 0..7 {
            counts.push(requests(&guest).await);
        }
        assert_eq!(counts, [1, 2, 3, 1, 2, 3, 1]);
    }
}

#[tokio::test]
async fn waiting_requests_are_served_in_turn_by_one_instance() {
    for guest in both(&options(1000)) {
        let mut counts = futures_util::future::join_all((0..20).map(|_| requests(&guest))).await;
        counts.sort_unstable();
        assert_eq!(counts, (1..=20).collect::<Vec<_>>());
    }
}

/// An instance that can serve more requests is used before one that was created in advance.
#[tokio::test]
async fn reuse_begins_with_the_second_request_at_any_concurrency() {
    for guest in both(&Options { limits: Limits { concurrency: 8, ..limits() }, ..options(1000) }) {
        let mut counts = Vec::new();
        for _ in 0..20 {
            counts.push(requests(&guest).await);
        }
        assert_eq!(counts, (1..=20).collect::<Vec<_>>());
    }
}

/// After each of these acts, the next request has a new instance.
#[tokio::test]
async fn an_instance_that_did_not_end_cleanly_serves_no_other() {
    let acts = [
        "trap",
        "panic:no stock",
        "stack",
        "grow",
        "exit:0",
        "exit:3",
        "error:upstream",
        "trap-after-headers",
        "trap-after-body",
        "early-drop",
        "short-body",
        "long-body",
        "open-body",
    ];
    for guest in both(&options(1000)) {
        for name in acts {
            assert_eq!(requests(&guest).await, 1, "before {name}");
            let (answer, _) = act(&guest, name).await;
            answer.after.finish().await;
        }
        assert_eq!(requests(&guest).await, 1);
    }
}

#[tokio::test]
async fn an_instance_that_missed_its_deadline_serves_no_other() {
    for guest in both(&options(1000)) {
        for name in ["spin", "sleep:60000", "after:60000"] {
            assert_eq!(requests(&guest).await, 1, "before {name}");
            let (call, _) = call(Duration::from_millis(200));
            let answer = handle(&guest, request(name), call).await;
            let told = match answer.result {
                Err(fault) => Some(fault),
                Ok(_) => answer.after.finish().await,
            };
            assert_eq!(told, Some(Fault::Deadline), "{name}");
        }
        assert_eq!(requests(&guest).await, 1);
    }
}

#[tokio::test]
async fn each_request_has_a_deadline_of_its_own() {
    for guest in both(&options(1000)) {
        let (short, _) = call(Duration::from_secs(2));
        let answer = handle(&guest, request("state"), short).await;
        assert!(answer.result.is_ok());
        answer.after.finish().await;
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        assert!(response(&guest, "sleep:50").await.status().is_success());
        assert_eq!(requests(&guest).await, 2);
    }
}

#[tokio::test]
async fn work_after_the_reply_ends_before_the_next_request_begins() {
    for guest in both(&options(1000)) {
        let (answer, lines) = act(&guest, "after:200").await;
        assert!(answer.result.is_ok());
        let (told, count) = tokio::join!(answer.after.finish(), requests(&guest));
        assert_eq!((told, count), (None, 1));
        assert_eq!(lines.all().len(), 1, "{:?}", lines.all());
        assert_eq!(requests(&guest).await, 2);
    }
}

#[tokio::test]
async fn an_instance_that_was_idle_for_too_long_is_dropped() {
    let idle = Some(Duration::from_secs(2));
    let options = Options { reuse: Reuse { requests: 1000, idle, ..Reuse::default() }, ..options(1) };
    for guest in both(&options) {
        assert_eq!((requests(&guest).await, requests(&guest).await), (1, 2));
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        assert_eq!(requests(&guest).await, 1);
    }
}

#[tokio::test]
async fn no_instance_outlives_a_snapshot() {
    for guest in both(&options(1000)) {
        assert_eq!((requests(&guest).await, requests(&guest).await), (1, 2));
        guest.restored();
        assert_eq!(requests(&guest).await, 1);
    }
}

#[tokio::test]
async fn output_goes_to_the_request_that_is_running() {
    let options = Options { limits: Limits { output: 1000, concurrency: 1, ..limits() }, ..options(1000) };
    for guest in both(&options) {
        for text in ["one", "two"] {
            let (answer, lines) = act(&guest, &format!("stdout:{text}")).await;
            assert_eq!(answer.after.finish().await, None);
            let lines: Vec<_> = lines.all().into_iter().map(|(_, line)| line).collect();
            assert_eq!(lines, [text]);
        }
        // Each request may write as much as the previous one.
        for _ in 0..3 {
            let (answer, lines) = act(&guest, "print-long:800").await;
            assert_eq!(answer.after.finish().await, None);
            assert_eq!(lines.all().len(), 1, "{:?}", lines.all());
        }
        assert_eq!(requests(&guest).await, 1);
    }
}

#[tokio::test]
async fn facts_are_those_of_the_request() {
    let guest = guest_with(options(1000));
    for id in ["id-1", "id-2"] {
        let (call, _) = call_with(Duration::from_secs(10), Facts { request_id: id, ..Facts::default() });
        let answer = handle(&guest, request("context"), call).await;
        assert_eq!(json(&answer.result.unwrap())["request_id"], id);
        assert_eq!(answer.after.finish().await, None);
    }
}

#[tokio::test]
async fn only_an_answer_to_head_may_state_a_length_that_it_does_not_have() {
    let guest = guest(options(1000));
    for (method, fits) in [(Method::HEAD, true), (Method::GET, false), (Method::HEAD, true)] {
        let (call, _) = call(Duration::from_secs(10));
        let mut request = request("length-only:10");
        *request.method_mut() = method.clone();
        let answer = handle(&guest, request, call).await;
        assert_eq!(answer.result.is_ok(), fits, "{method}: {:?}", answer.result);
        answer.after.finish().await;
    }
}

#[tokio::test]
async fn the_temporary_folder_is_empty_for_every_request() {
    let scratch = tempfile::tempdir().unwrap();
    let grants = Grants { scratch: Some(scratch.path().to_owned()), ..Grants::default() };
    let guest = guest_with(Options { grants, ..options(1000) });
    for _ in 0..3 {
        assert_eq!(json(&response(&guest, "list:/tmp").await)["names"], serde_json::json!([]));
        let (answer, _) = act(&guest, "write:/tmp/note").await;
        assert_eq!(json(&answer.result.unwrap())["written"], "/tmp/note");
        leave_more(&only_entry(scratch.path()));
        assert_eq!(answer.after.finish().await, None);
    }
    assert_eq!(requests(&guest).await, 1);
    assert_eq!(requests(&guest).await, 2, "one instance has served them all");
    drop(guest);
    common::emptied(scratch.path()).await;
}

/// The only entry, once the folders of earlier requests are removed.
fn only_entry(folder: &Path) -> std::path::PathBuf {
    let begin = Instant::now();
    loop {
        let entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        if let [only] = entries.as_slice() {
            return only.clone();
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "{entries:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn leave_more(folder: &Path) {
    std::fs::create_dir_all(folder.join("a/b")).unwrap();
    std::fs::write(folder.join("a/b/c"), "left").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("a/b", folder.join("link")).unwrap();
}

/// There are so few handles that a leak of one with each request would show.
#[tokio::test]
async fn thousands_of_requests_leak_nothing() {
    let few = Limits { handles: 64, concurrency: 1, ..limits() };
    for guest in both(&Options { limits: few, ..options(1_000_000) }) {
        for turn in 1..=300 {
            assert_eq!(requests(&guest).await, turn);
            for name in ["chunks:3", "trailers", "ignore-body", "random", "stdout:line", "sleep:0"] {
                let request = Request::post("https://shop.example/").header("x-act", name);
                let (call, _) = call(Duration::from_secs(10));
                let answer = handle(&guest, request.body(Bytes::from_static(b"a body")).unwrap(), call).await;
                assert!(answer.result.is_ok(), "{name} in turn {turn}: {:?}", answer.result);
                assert_eq!(answer.after.finish().await, None, "{name} in turn {turn}");
            }
        }
    }
}

#[tokio::test]
async fn a_guest_that_leaks_handles_is_replaced_before_it_fails() {
    let guest = guest(Options { limits: Limits { handles: 1000, concurrency: 1, ..limits() }, ..options(1000) });
    for _ in 0..20 {
        assert!(response(&guest, "leak:300").await.status().is_success());
    }
    let (one, two) = (requests(&guest).await, requests(&guest).await);
    assert_eq!((one, two), (1, 2));
    assert!(response(&guest, "leak:600").await.status().is_success());
    assert_eq!(requests(&guest).await, 1);
}
