//! The next instance is made while nobody waits for it, and no request can tell.

use std::path::Path;
use std::time::{Duration, Instant};

use funcserver_engine::{After, Fault, Grants, Guest, Limits, Target, compile};
use funcserver_test_guest::Options;

use crate::common::{act, call, guest_with, handle, json, limits, request, response};

/// How long an instance takes to be made, where that is what counts.
const SLOW: Duration = Duration::from_secs(2);

/// A component whose start waits for so many milliseconds and prints a line. It answers nothing.
fn starter(milliseconds: u128) -> String {
    format!(
        r#"(component
        (import "wasi:io/error@0.2.12" (instance $error (export "error" (type (sub resource)))))
        (alias export $error "error" (type $error))
        (import "wasi:io/poll@0.2.12" (instance $poll
            (export "pollable" (type $pollable (sub resource)))
            (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
        (alias export $poll "pollable" (type $pollable))
        (import "wasi:clocks/monotonic-clock@0.2.12" (instance $clock
            (alias outer 1 $pollable (type $its))
            (export "pollable" (type $pollable (eq $its)))
            (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
        (import "wasi:io/streams@0.2.12" (instance $streams
            (export "output-stream" (type $output (sub resource)))
            (alias outer 1 $error (type $its))
            (export "error" (type $error (eq $its)))
            (type $failed (variant (case "last-operation-failed" (own $error)) (case "closed")))
            (export "stream-error" (type $stream-error (eq $failed)))
            (export "[method]output-stream.blocking-write-and-flush" (func
                (param "self" (borrow $output)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
        (alias export $streams "output-stream" (type $output))
        (import "wasi:cli/stdout@0.2.12" (instance $stdout
            (alias outer 1 $output (type $its))
            (export "output-stream" (type $output (eq $its)))
            (export "get-stdout" (func (result (own $output))))))
        (import "wasi:http/types@0.2.12" (instance $types
            (export "incoming-request" (type (sub resource)))
            (export "response-outparam" (type (sub resource)))))
        (alias export $types "incoming-request" (type $request))
        (alias export $types "response-outparam" (type $outparam))

        (core module $text (memory (export "memory") 1) (data (i32.const 0) "made\n"))
        (core instance $text (instantiate $text))
        (core func $wait (canon lower (func $clock "subscribe-duration")))
        (core func $block (canon lower (func $poll "[method]pollable.block")))
        (core func $out (canon lower (func $stdout "get-stdout")))
        (core func $print (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
            (memory $text "memory")))
        (core module $guest
            (import "host" "wait" (func $wait (param i64) (result i32)))
            (import "host" "block" (func $block (param i32)))
            (import "host" "out" (func $out (result i32)))
            (import "host" "print" (func $print (param i32 i32 i32 i32)))
            (func $start
                (call $block (call $wait (i64.const {milliseconds}000000)))
                (call $print (call $out) (i32.const 0) (i32.const 5) (i32.const 16)))
            (start $start)
            (func (export "handle") (param i32 i32)))
        (core instance $guest (instantiate $guest (with "host" (instance
            (export "wait" (func $wait)) (export "block" (func $block))
            (export "out" (func $out)) (export "print" (func $print))))))
        (func $handle (param "request" (own $request)) (param "response-out" (own $outparam))
            (canon lift (core func $guest "handle")))
        (instance $handler (export "handle" (func $handle)))
        (export "wasi:http/incoming-handler@0.2.12" (instance $handler)))"#
    )
}

/// A guest with that start, of which one request runs at a time.
fn starting(time: Duration) -> Guest {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("starter.cwasm");
    let wasm = wat::parse_str(starter(time.as_millis())).unwrap();
    std::fs::write(&path, compile::compile(&wasm, Target::Host).unwrap()).unwrap();
    funcserver_test_guest::load(&path, Limits { concurrency: 1, ..limits() }).unwrap()
}

fn with_scratch(concurrency: usize, scratch: &Path) -> Guest {
    loaded(concurrency, Grants { scratch: Some(scratch.to_owned()), ..Grants::default() })
}

fn loaded(concurrency: usize, grants: Grants) -> Guest {
    guest_with(Options { limits: Limits { concurrency, ..limits() }, grants, ..Options::default() })
}

/// How long a request takes, its work after the reply not counted, and that work.
async fn time_of_a_request(guest: &Guest) -> (Duration, After) {
    let started = Instant::now();
    let (answer, _) = act(guest, "").await;
    let taken = started.elapsed();
    assert_eq!(answer.result.unwrap_err(), Fault::NoAnswer);
    (taken, answer.after)
}

fn folders(scratch: &Path) -> usize {
    std::fs::read_dir(scratch).unwrap().count()
}

#[tokio::test]
async fn only_the_first_request_waits_for_its_instance() {
    let guest = starting(SLOW);
    let (taken, after) = time_of_a_request(&guest).await;
    assert!(taken >= SLOW, "{taken:?}");
    assert_eq!(after.finish().await, None);
    for _ in 0..2 {
        let (taken, after) = time_of_a_request(&guest).await;
        assert!(taken < SLOW, "{taken:?}");
        assert_eq!(after.finish().await, None);
    }
}

#[tokio::test]
async fn a_request_is_not_held_up_by_one_that_is_being_made() {
    let guest = starting(SLOW);
    let (_, after) = time_of_a_request(&guest).await;
    let (told, (taken, after)) = tokio::join!(after.finish(), time_of_a_request(&guest));
    assert_eq!(told, None);
    // Held up, it would wait for that one, and then for its own.
    assert!(taken >= SLOW && taken < SLOW * 2, "{taken:?}");
    drop(after);
    // The one that was being made meanwhile.
    let (taken, _after) = time_of_a_request(&guest).await;
    assert!(taken < SLOW, "{taken:?}");
}

#[tokio::test]
async fn one_that_takes_too_long_is_given_up() {
    let slow = Duration::from_secs(3);
    let guest = starting(slow);
    let (call, _) = call(slow + SLOW);
    let answer = handle(&guest, request(""), call).await;
    assert_eq!(answer.result.unwrap_err(), Fault::NoAnswer);
    assert_eq!(answer.after.finish().await, None);
    // Not given up, one would be there.
    let (taken, _after) = time_of_a_request(&guest).await;
    assert!(taken >= slow, "{taken:?}");
}

#[tokio::test]
async fn what_it_prints_goes_to_the_request_that_gets_it() {
    let guest = starting(Duration::ZERO);
    for _ in 0..3 {
        let (answer, lines) = act(&guest, "").await;
        assert_eq!(answer.after.finish().await, None);
        let lines: Vec<_> = lines.all().into_iter().map(|(_, line)| line).collect();
        assert_eq!(lines, ["made"]);
    }
}

#[tokio::test]
async fn there_are_never_more_than_can_run() {
    for (concurrency, requests) in [(1, 1), (1, 8), (3, 1), (3, 12)] {
        let scratch = tempfile::tempdir().unwrap();
        let guest = with_scratch(concurrency, scratch.path());
        for _ in 0..3 {
            futures_util::future::join_all((0..requests).map(|_| response(&guest, "sleep:5"))).await;
            let ready = folders(scratch.path());
            assert!((1..=concurrency).contains(&ready), "{ready} of {concurrency}");
        }
        drop(guest);
        assert_eq!(folders(scratch.path()), 0);
    }
}

#[tokio::test]
async fn it_is_made_after_a_fault_too() {
    let scratch = tempfile::tempdir().unwrap();
    let guest = with_scratch(1, scratch.path());
    for name in ["trap", "exit:3", "early-drop", "error:upstream"] {
        let (answer, _) = act(&guest, name).await;
        assert!(answer.result.is_err(), "{name}");
        answer.after.finish().await;
        assert_eq!(folders(scratch.path()), 1, "after {name}");
    }
}

#[tokio::test]
async fn none_outlives_a_snapshot() {
    let scratch = tempfile::tempdir().unwrap();
    let guest = with_scratch(1, scratch.path());
    response(&guest, "state").await;
    assert_eq!(folders(scratch.path()), 1);
    guest.restored();
    assert_eq!(folders(scratch.path()), 0);
    assert_eq!(json(&response(&guest, "state").await)["requests"], 1);
}

#[tokio::test]
async fn one_that_cannot_be_made_shows_its_fault_with_the_next_request() {
    let folder = tempfile::tempdir().unwrap();
    let assets = folder.path().join("assets");
    std::fs::create_dir(&assets).unwrap();
    let guest = loaded(1, Grants { assets: Some(assets.clone()), ..Grants::default() });
    let (answer, _) = act(&guest, "state").await;
    std::fs::remove_dir(&assets).unwrap();
    assert!(answer.result.is_ok());
    assert_eq!(answer.after.finish().await, None);

    let (answer, _) = act(&guest, "state").await;
    let fault = answer.result.unwrap_err().to_string();
    assert!(fault.contains(assets.to_str().unwrap()), "{fault}");
    std::fs::create_dir(&assets).unwrap();
    assert!(response(&guest, "state").await.status().is_success());
}
