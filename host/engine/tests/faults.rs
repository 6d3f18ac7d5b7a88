//! Bad guests: each fault has its name, leaves nothing behind, and ends in time.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::time::{Duration, Instant};

use common::{act, call, guest, json, limits, request, response};
use funcserver_engine::{Fault, Guest, Limits};

/// The fault that `name` comes to. The same guest answers a good request right after.
async fn fault(guest: &Guest, name: &str) -> Fault {
    let (answer, _) = act(guest, name).await;
    let Err(fault) = answer.result else { panic!("{name} was answered") };
    assert_eq!(answer.after.finish().await, None, "{name}");
    assert_eq!(json(&response(guest, "state").await)["requests"], 1, "after {name}");
    fault
}

#[tokio::test]
async fn traps_carry_the_guests_backtrace() {
    let guest = guest(limits());
    for name in ["trap", "panic:no stock", "trap-after-headers"] {
        let Fault::Trap(text) = fault(&guest, name).await else { panic!("{name}") };
        assert!(text.contains("wasm backtrace"), "{text}");
    }
}

#[tokio::test]
async fn a_panics_message_is_in_the_output() {
    let (answer, lines) = act(&guest(limits()), "panic:no stock").await;
    assert!(answer.result.is_err());
    drop(answer);
    assert!(lines.all().iter().any(|(_, line)| line.contains("no stock")), "{:?}", lines.all());
}

#[tokio::test]
async fn each_way_to_give_no_answer_is_told_apart() {
    let guest = guest(limits());
    assert_eq!(fault(&guest, "noresponse").await, Fault::NoAnswer);
    assert!(matches!(fault(&guest, "error:upstream").await, Fault::ErrorCode(code) if code.contains("upstream")));
    // Rust's standard library tells the host only whether the code is 0.
    assert_eq!(fault(&guest, "exit:3").await, Fault::Exit(1));
    assert!(matches!(fault(&guest, "early-drop").await, Fault::BodyBroken(_)));
    assert!(matches!(fault(&guest, "stack").await, Fault::Stack(_)));
}

#[tokio::test]
async fn lengths_that_contradict_the_body() {
    let guest = guest(limits());
    assert_eq!(fault(&guest, "short-body").await, Fault::Length { stated: 10, actual: 5 });
    assert!(matches!(fault(&guest, "long-body").await, Fault::Length { stated: 4, .. }));
}

#[tokio::test]
async fn bodies_are_bounded() {
    let guest = guest(Limits { response_body: 100_000, ..limits() });
    assert_eq!(fault(&guest, "endless-body").await, Fault::BodyTooLarge { limit: 100_000 });
}

#[tokio::test]
async fn memory_is_bounded() {
    let guest = guest(limits());
    assert!(matches!(fault(&guest, "grow").await, Fault::Memory { limit, .. } if limit == 64 << 20));
    assert!(response(&guest, "grow:40").await.status().is_success());
}

#[tokio::test]
async fn handles_are_bounded() {
    let guest = guest(Limits { handles: 1000, ..limits() });
    let Fault::Trap(text) = fault(&guest, "handles").await else { panic!("another fault") };
    assert!(text.contains("resource table"), "{text}");
}

#[tokio::test]
async fn output_is_bounded() {
    let guest = guest(Limits { output: 1000, ..limits() });
    let (answer, lines) = act(&guest, "print-long:5000").await;
    assert!(answer.result.is_ok());
    drop(answer);
    let lines = lines.all();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].1.contains("1000 bytes"), "{lines:?}");
}

#[tokio::test]
async fn a_guest_that_never_waits_ends_at_its_deadline() {
    let guest = guest(limits());
    for name in ["spin", "sleep:60000"] {
        let (call, _) = call(Duration::from_millis(200));
        let started = Instant::now();
        let answer = guest.handle(request(name), call).await;
        assert!(matches!(answer.result, Err(Fault::Deadline)), "{name}");
        assert!(started.elapsed() < Duration::from_secs(5), "{name} ended after {:?}", started.elapsed());
    }
    assert!(response(&guest, "state").await.status().is_success());
}

/// On one thread: a guest that computes lets the others run, and answers come in their own time.
#[tokio::test]
async fn a_spinning_guest_does_not_starve_others() {
    let guest = guest(limits());
    let (spinning, _) = call(Duration::from_secs(3));
    let spin = guest.handle(request("spin"), spinning);
    let others = async {
        for _ in 0..5 {
            response(&guest, "state").await;
        }
        Instant::now()
    };
    let (answer, others_done) = tokio::join!(async { (spin.await, Instant::now()) }, others);
    assert!(matches!(answer.0.result, Err(Fault::Deadline)));
    assert!(others_done < answer.1, "the others waited for the spinning guest");
}

#[tokio::test]
async fn more_requests_than_instances_wait_for_their_turn() {
    let guest = guest(Limits { concurrency: 2, ..limits() });
    let requests = (0..6).map(|_| response(&guest, "sleep:20"));
    for answer in futures_util::future::join_all(requests).await {
        assert!(answer.status().is_success());
    }
    let (busy, _) = call(Duration::from_secs(10));
    let (late, _) = call(Duration::from_millis(50));
    let first = guest.handle(request("sleep:3000"), busy.clone());
    let second = guest.handle(request("sleep:3000"), busy);
    let third = guest.handle(request("state"), late);
    let (_, _, third) = tokio::join!(first, second, third);
    assert!(matches!(third.result, Err(Fault::Deadline)));
}
