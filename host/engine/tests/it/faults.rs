//! Bad guests: each fault has its name, leaves nothing behind, and ends in time.

use std::time::{Duration, Instant};

use funcserver_engine::{Fault, Frame, Guest, Limits, Reuse, Stream};
use funcserver_test_guest::Options;

use crate::common::{act, call, guest, handle, json, limits, request, response};

/// The fault that `name` comes to. The same guest answers a good request right after.
async fn fault(guest: &Guest, name: &str) -> Fault {
    let (answer, _) = act(guest, name).await;
    let Err(fault) = answer.result else { panic!("{name} was answered") };
    assert_eq!(answer.after.finish().await, None, "{name}");
    assert_eq!(json(&response(guest, "state").await)["requests"], 1, "after {name}");
    fault
}

#[tokio::test]
async fn a_crash_has_its_reason_and_the_guests_functions() {
    let guest = guest(limits());
    for name in ["trap", "panic:no stock", "trap-after-headers"] {
        let Fault::Trap(crash) = fault(&guest, name).await else { panic!("{name}") };
        assert!(crash.reason.ends_with("wasm `unreachable` instruction executed"), "{crash:?}");
        assert!((2..=20).contains(&crash.frames.len()), "{crash:?}");
        let of_guest = |frame: &Frame| !frame.function.is_empty() && frame.offset.is_some();
        assert!(crash.frames.iter().all(of_guest), "{crash:?}");
        let named = if name == "trap" { "fault::trap" } else { "incoming" };
        assert!(crash.frames.iter().any(|frame| frame.function.contains(named)), "{crash:?}");
    }
}

#[tokio::test]
async fn a_panics_message_is_in_the_output() {
    let (answer, lines) = act(&guest(limits()), "panic:no stock").await;
    assert!(answer.result.is_err());
    let lines = lines.all();
    let records: Vec<_> = lines.iter().filter(|(stream, _)| *stream == Stream::Stderr).collect();
    assert!(
        records.len() == 1 && records[0].1.contains(":\nno stock\nnote: "),
        "one record, before the fault: {lines:?}"
    );
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
async fn a_length_that_is_stated_twice_is_one_if_it_is_the_same() {
    let guest = guest(limits());
    assert_eq!(response(&guest, "length-twice:5").await.body(), "yyy..");
    assert_eq!(response(&guest, "length-twice:6").await.body(), "nnn..");
}

/// The fault is what the guest did wrong first, not that it gave up then.
#[tokio::test]
async fn a_guest_that_fails_for_a_wrong_length_has_stated_a_wrong_length() {
    let guest = guest(limits());
    assert_eq!(fault(&guest, "finish-badly:10").await, Fault::Length { stated: 10, actual: 5 });
}

/// What was complete is the answer, whatever becomes of the guest in the same breath.
#[tokio::test]
async fn a_guest_that_fails_with_its_answer_has_answered() {
    let reused = Reuse { requests: 1000, ..Reuse::default() };
    for reuse in [Reuse::default(), reused] {
        let guest = guest(Options { limits: limits(), reuse, ..Options::default() });
        for name in ["trap-after-body", "exit-after-body:3"] {
            let (answer, _) = act(&guest, name).await;
            assert_eq!(answer.result.unwrap().body(), "begun", "{name}");
            let late = answer.after.finish().await;
            assert!(matches!(late, Some(Fault::Trap(_) | Fault::Exit(1))), "{name}: {late:?}");
            assert_eq!(json(&response(&guest, "state").await)["requests"], 1, "after {name}");
        }
    }
}

#[tokio::test]
async fn a_guests_words_are_cut() {
    let guest = guest(limits());
    let Fault::ErrorCode(text) = fault(&guest, &format!("error:{}", "x".repeat(10_000))).await else { panic!() };
    assert!(text.len() < 400 && text.ends_with('…'), "{text}");
}

/// The host copies it, which takes time and memory, and nothing interrupts it.
#[tokio::test]
async fn what_one_call_hands_over_is_bounded() {
    let guest = guest(limits());
    assert!(matches!(fault(&guest, "error-text:2000000").await, Fault::ErrorCode(_)));
    let Fault::Trap(crash) = fault(&guest, "error-text:6000000").await else { panic!("another fault") };
    assert!(crash.reason.contains("fuel"), "{crash}");
}

#[tokio::test]
async fn bodies_are_bounded() {
    let guest = guest(limits());
    let (call, _) = call(Duration::from_secs(10));
    let answer = guest.handle(request("endless-body"), call).await.whole(100_000).await;
    assert_eq!(answer.result.unwrap_err(), Fault::BodyTooLarge { limit: 100_000 });
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
    let Fault::Trap(crash) = fault(&guest, "handles").await else { panic!("another fault") };
    assert!(crash.reason.contains("resource table"), "{crash}");
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
        let answer = handle(&guest, request(name), call).await;
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
    let spin = handle(&guest, request("spin"), spinning);
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
    let first = handle(&guest, request("sleep:3000"), busy.clone());
    let second = handle(&guest, request("sleep:3000"), busy);
    let third = handle(&guest, request("state"), late);
    let (_, _, third) = tokio::join!(first, second, third);
    assert!(matches!(third.result, Err(Fault::Deadline)));
}

/// What a guest waited for when its time was up is not left to be guessed.
#[tokio::test]
async fn a_write_that_nobody_reads_is_told() {
    let guest = guest(limits());
    for (name, waits) in [("early-writes:100", true), ("early-sends:100", true), ("sleep:60000", false)] {
        let (call, lines) = call(Duration::from_millis(500));
        let answer = handle(&guest, request(name), call).await;
        assert!(matches!(answer.result, Err(Fault::Deadline)), "{name}");
        answer.after.finish().await;
        let told = lines.all().iter().any(|(_, line)| line.contains("waited in a write"));
        assert_eq!(told, waits, "{name}: {:?}", lines.all());
    }
    let (answer, lines) = act(&guest, "early-writes:10").await;
    assert_eq!(answer.result.unwrap().body().len(), 10);
    answer.after.finish().await;
    assert_eq!(lines.all(), []);
}

/// As a component does that is made of a listener of fetch events.
#[tokio::test]
async fn a_component_that_answers_once_an_instance_is_reused_no_more() {
    let reuse = Reuse { requests: 1000, ..Reuse::default() };
    let guest = guest(Options { limits: limits(), reuse, ..Options::default() });
    let mut told = Vec::new();
    let mut failed = 0;
    for _ in 0..6 {
        let (answer, lines) = act(&guest, "answer-once").await;
        failed += usize::from(answer.result.is_err());
        answer.after.finish().await;
        told.extend(lines.all());
    }
    assert_eq!(failed, 1, "the second request alone, which showed it");
    assert_eq!(told.iter().filter(|(_, line)| line.contains("guest.reuse = 1")).count(), 1, "{told:?}");
}
