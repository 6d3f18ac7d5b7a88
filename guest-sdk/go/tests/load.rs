//! Goroutines, the collector, timers, and many requests.

use std::time::Instant;

use funcserver_engine::{Limits, Reuse};
use funcserver_test_guest::Options;
use http::{HeaderValue, Method};

use crate::bodies::body;
use crate::guest::{get, guest, limits, load, request, response, text};

#[tokio::test]
async fn goroutines_work_together() {
    assert_eq!(text(&guest(), get("/goroutines?n=10000")).await, "50005000");
}

#[tokio::test]
async fn the_collector_runs_within_the_memory_limit() {
    let guest = load(Limits { memory: 48 << 20, ..limits() });
    let mut sent = get("/garbage?mb=300");
    sent.headers_mut().insert("x-kept", HeaderValue::from_static("kept"));
    let text = text(&guest, sent).await;
    assert_eq!(text.matches(" kept\n").count(), 300);
    let collections = text.lines().last().and_then(|line| line.strip_prefix("collections ")).unwrap();
    assert!(collections.parse::<u32>().unwrap() > 10, "{collections}");
}

#[tokio::test]
async fn timers_fire_while_a_handler_sleeps() {
    assert_eq!(text(&guest(), get("/timers")).await, "5 true");
}

#[tokio::test]
async fn every_request_has_a_fresh_instance() {
    let guest = guest();
    for _ in 0..5 {
        assert_eq!(text(&guest, get("/count")).await, "1");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_at_once() {
    let guest = guest();
    let begin = Instant::now();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let guest = guest.clone();
            tokio::spawn(async move {
                for i in 0..250 {
                    let sent = body(task * 1000 + i * 37);
                    let response = response(&guest, request(Method::POST, "/echo", sent.clone())).await;
                    assert!(response.body() == &sent, "request {i} of task {task}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    eprintln!("2000 requests in {:?}", begin.elapsed());
}

/// What an instance does not give back, it runs out of: few handles, and memory for no more than some of the large bodies.
#[tokio::test]
async fn thousands_of_requests_on_one_instance() {
    let guest = load(Options {
        limits: Limits { memory: 192 << 20, handles: 256, concurrency: 1, ..limits() },
        reuse: Reuse { requests: usize::MAX, ..Reuse::default() },
        ..Options::default()
    });
    let begin = Instant::now();
    for turn in 1..=2500 {
        assert_eq!(text(&guest, get("/count")).await, turn.to_string());
        assert_eq!(text(&guest, get("/goroutines?n=100")).await, "5050");
        assert_eq!(text(&guest, get("/status?code=404")).await, "body", "turn {turn}");
        let length = if turn % 100 == 0 { 10_000_000 } else { turn };
        let sent = body(length);
        let response = response(&guest, request(Method::POST, "/echo", sent.clone())).await;
        assert!(response.body() == &sent, "{length} bytes in turn {turn}");
    }
    eprintln!("10000 requests in {:?}", begin.elapsed());
}
