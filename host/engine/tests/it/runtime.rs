//! Several guests on one runtime.

use std::path::Path;
use std::time::{Duration, Instant};

use funcserver_engine::{Calls, Guest, GuestOptions, Limits, Network, Reuse, Runtime, Target, compile};
use funcserver_test_guest::{WASM, WASM_P3, load_on};

use crate::common::{call, handle, json, limits, request};

/// A guest of either version of `wasi:http`, on one runtime.
fn two_guests(concurrency: usize, folder: &Path) -> [Guest; 2] {
    let runtime = Runtime::new(Limits { concurrency, ..limits() }, &Network::default());
    [("one", WASM), ("other", WASM_P3)].map(|(name, wasm)| {
        let path = folder.join(name);
        std::fs::write(&path, compile::compile(wasm, Target::Host).unwrap()).unwrap();
        let reuse = Reuse { requests: 1000, ..Reuse::default() };
        let options = GuestOptions { reuse, calls: Some(compile::calls(wasm)), ..GuestOptions::default() };
        load_on(&runtime, &path, options).unwrap()
    })
}

async fn requests(guest: &Guest) -> u64 {
    let (call, _) = call(Duration::from_secs(20));
    let answer = handle(guest, request("state"), call).await;
    assert_eq!(answer.after.finish().await, None);
    json(&answer.result.unwrap())["requests"].as_u64().unwrap()
}

async fn sleep(guest: &Guest) {
    let (call, _) = call(Duration::from_secs(20));
    let answer = handle(guest, request("sleep:500"), call).await;
    answer.result.unwrap();
    answer.after.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_guests_on_one_runtime_share_its_permits() {
    let folder = tempfile::tempdir().unwrap();
    for (concurrency, turns) in [(1, 2), (2, 1)] {
        let [one, other] = two_guests(concurrency, folder.path());
        let started = Instant::now();
        tokio::join!(sleep(&one), sleep(&other));
        // That they wait for each other is certain; that they do not is only likely on a busy machine.
        assert!(started.elapsed() >= turns * Duration::from_millis(500), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn their_idle_instances_make_room_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = two_guests(1, folder.path());
    for turn in 1..4 {
        assert_eq!(requests(&one).await, turn, "its own instance is used again");
    }
    // There is room for one idle instance: that of the guest that ran last.
    assert_eq!(requests(&other).await, 1);
    assert_eq!(requests(&other).await, 2);
    assert_eq!(requests(&one).await, 1);
    let [one, other] = two_guests(2, folder.path());
    for turn in 1..4 {
        assert_eq!((requests(&one).await, requests(&other).await), (turn, turn));
    }
}

#[test]
fn what_a_file_was_compiled_for_can_be_stated_and_has_to_be_true() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guest");
    std::fs::write(&path, compile::compile(WASM, Target::Host).unwrap()).unwrap();
    let runtime = Runtime::new(limits(), &Network::default());
    let load = |calls| load_on(&runtime, &path, GuestOptions { calls, ..GuestOptions::default() });
    assert!(load(None).is_ok() && load(Some(Calls::Nested)).is_ok());
    assert!(load(Some(Calls::Concurrent)).is_err());
    assert_eq!(
        [Calls::Nested, Calls::Concurrent].map(|calls| Calls::named(calls.name())),
        [Some(Calls::Nested), Some(Calls::Concurrent)]
    );
}
