//! Several guests on one runtime.

use std::time::{Duration, Instant};

use funcserver_engine::{Calls, Guest, GuestOptions, Limits, Network, Reuse, Runtime, compile};
use funcserver_test_guest::{WASM, WASM_P3, load_on};

use crate::common::{call, guest_file, guest_p3_file, handle, json, limits, request};

/// A guest of each version of `wasi:http`, on one runtime.
fn two_guests(concurrency: usize) -> [Guest; 2] {
    let runtime = Runtime::new(Limits { concurrency, ..limits() }, &Network::default());
    [(guest_file(), WASM), (guest_p3_file(), WASM_P3)].map(|(path, wasm)| {
        let reuse = Reuse { requests: 1000, ..Reuse::default() };
        let options = GuestOptions { reuse, calls: Some(compile::calls(wasm)), ..GuestOptions::default() };
        load_on(&runtime, path, options).unwrap()
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
    for (concurrency, turns) in [(1, 2), (2, 1)] {
        let [one, other] = two_guests(concurrency);
        let started = Instant::now();
        tokio::join!(sleep(&one), sleep(&other));
        // The minimum is certain. A maximum could not be met on a busy machine.
        assert!(started.elapsed() >= turns * Duration::from_millis(500), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn their_idle_instances_make_room_for_each_other() {
    let [one, other] = two_guests(1);
    for turn in 1..4 {
        assert_eq!(requests(&one).await, turn, "its own instance is used again");
    }
    // There is room for one idle instance: that of the guest that ran last.
    assert_eq!(requests(&other).await, 1);
    assert_eq!(requests(&other).await, 2);
    assert_eq!(requests(&one).await, 1);
    let [one, other] = two_guests(2);
    for turn in 1..4 {
        assert_eq!((requests(&one).await, requests(&other).await), (turn, turn));
    }
}

#[test]
fn the_stated_way_of_compiling_must_be_the_files() {
    let runtime = Runtime::new(limits(), &Network::default());
    let load = |calls| load_on(&runtime, guest_file(), GuestOptions { calls, ..GuestOptions::default() });
    assert!(load(None).is_ok() && load(Some(Calls::Nested)).is_ok());
    assert!(load(Some(Calls::Concurrent)).is_err());
    assert_eq!(
        [Calls::Nested, Calls::Concurrent].map(|calls| Calls::named(calls.name())),
        [Some(Calls::Nested), Some(Calls::Concurrent)]
    );
}
