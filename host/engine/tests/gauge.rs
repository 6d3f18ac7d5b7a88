//! The memory of the whole process: the guest that makes it grow ends, and nobody else does.
#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(target_os = "linux")]

mod common;

use std::time::Duration;

use common::{act, call, guest, guest_p3, json, request, response};
use funcserver_engine::{Fault, Guest, Limits, Options, Reuse};
use tokio::sync::Mutex;

/// The tests of this file share a process, and with it its memory: they run one after the other.
static ALONE: Mutex<()> = Mutex::const_new(());

/// What this process keeps resident, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

/// Of a process that may have so many MiB more than now.
fn limits(more: usize) -> Limits {
    Limits {
        memory: 1 << 30,
        held: 1 << 30,
        concurrency: 4,
        resident: Some(resident() + (more << 20)),
        ..Limits::default()
    }
}

fn is_over(guest: &Result<http::Response<bytes::Bytes>, Fault>) -> bool {
    matches!(guest, Err(Fault::ProcessMemory { .. }))
}

#[tokio::test]
async fn a_guest_that_grows_ends_before_the_process_has_too_much() {
    let _alone = ALONE.lock().await;
    // What is mapped once is not to count.
    response(&guest(Limits { concurrency: 4, ..Limits::default() }), "state").await;
    response(&guest_p3(Limits { concurrency: 4, ..Limits::default() }), "state").await;
    for load in [guest as fn(Options) -> Guest, guest_p3] {
        let guest = load(limits(100).into());
        let (answer, _) = act(&guest, "grow").await;
        assert!(is_over(&answer.result), "{:?}", answer.result);
        answer.after.finish().await;
        assert_eq!(json(&response(&guest, "state").await)["requests"], 1);
    }
}

#[tokio::test]
async fn it_ends_while_it_waits_too() {
    let _alone = ALONE.lock().await;
    let guest = guest(limits(100));
    let (answer, _) = act(&guest, "hold:asleep:300").await;
    assert!(is_over(&answer.result), "{:?}", answer.result);
}

#[tokio::test]
async fn its_neighbours_do_not() {
    let _alone = ALONE.lock().await;
    let guest = guest(limits(150));
    let (quiet, _) = call(Duration::from_secs(30));
    let quiet = guest.handle(request("sleep:2000"), quiet);
    let (answer, quiet) = tokio::join!(act(&guest, "grow"), quiet);
    assert!(is_over(&answer.0.result), "{:?}", answer.0.result);
    assert!(quiet.result.is_ok(), "{:?}", quiet.result);
}

#[tokio::test]
async fn instances_that_nobody_works_with_are_given_up_first() {
    let _alone = ALONE.lock().await;
    let reuse = Reuse { requests: 100, ..Reuse::default() };
    let guest = guest(Options { limits: limits(200), reuse, ..Options::default() });
    assert!(response(&guest, "grow:120").await.status().is_success());
    // It keeps its memory. Two at once: one of them takes another instance.
    let (quiet, _) = call(Duration::from_secs(30));
    let (first, second) = tokio::join!(guest.handle(request("sleep:300"), quiet), act(&guest, "grow:150"));
    for answer in [first.result, second.0.result] {
        assert!(!matches!(answer, Err(Fault::Deadline)), "{answer:?}");
    }
    assert!(response(&guest, "state").await.status().is_success());
}
