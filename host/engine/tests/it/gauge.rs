//! The memory of the whole process: the guest that makes it grow ends, and no other.
#![cfg(target_os = "linux")]

use std::process::Command;
use std::time::Duration;

use funcserver_engine::{Fault, Guest, Limits, Reuse};
use funcserver_test_guest::Options;

use crate::common::{act, call, guest, guest_p3, handle, json, request, response};

/// Set in the process that runs one test alone.
const ALONE: &str = "FUNCSERVER_TEST_ALONE";

/// Whether this process runs only this test, which is named with its module. If not, the test runs in a process of its own and has passed, because
/// other tests would use memory that is counted here.
pub fn is_alone(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let program = std::env::current_exe().unwrap();
    let run = Command::new(program).args(["--exact", test]).env(ALONE, "").output().unwrap();
    let [stdout, stderr] = [run.stdout, run.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    // A misspelt name of a test would be a success too.
    assert!(run.status.success() && stdout.contains("1 passed"), "{stdout}{stderr}");
    false
}

/// The resident memory of this process, in bytes.
pub fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

/// Limits for a process that may use `more` MiB more than now.
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
    if !is_alone("gauge::a_guest_that_grows_ends_before_the_process_has_too_much") {
        return;
    }
    // The memory that is mapped only once must not count.
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
async fn it_also_ends_while_it_waits() {
    if !is_alone("gauge::it_also_ends_while_it_waits") {
        return;
    }
    let guest = guest(limits(100));
    let (answer, _) = act(&guest, "hold:asleep:300").await;
    assert!(is_over(&answer.result), "{:?}", answer.result);
}

#[tokio::test]
async fn its_neighbours_do_not() {
    if !is_alone("gauge::its_neighbours_do_not") {
        return;
    }
    let guest = guest(limits(150));
    let (quiet, _) = call(Duration::from_secs(30));
    let quiet = handle(&guest, request("sleep:2000"), quiet);
    let (answer, quiet) = tokio::join!(act(&guest, "grow"), quiet);
    assert!(is_over(&answer.0.result), "{:?}", answer.0.result);
    assert!(quiet.result.is_ok(), "{:?}", quiet.result);
}

#[tokio::test]
async fn idle_instances_are_dropped_first() {
    if !is_alone("gauge::idle_instances_are_dropped_first") {
        return;
    }
    let reuse = Reuse { requests: 100, ..Reuse::default() };
    let guest = guest(Options { limits: limits(200), reuse, ..Options::default() });
    assert!(response(&guest, "grow:120").await.status().is_success());
    // It keeps its memory. The two run at once, so one of them uses another instance.
    let (quiet, _) = call(Duration::from_secs(30));
    let (first, second) = tokio::join!(handle(&guest, request("sleep:300"), quiet), act(&guest, "grow:150"));
    for answer in [first.result, second.0.result] {
        assert!(!matches!(answer, Err(Fault::Deadline)), "{answer:?}");
    }
    assert!(response(&guest, "state").await.status().is_success());
}
