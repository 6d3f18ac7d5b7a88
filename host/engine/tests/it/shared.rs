//! Instances of `wasi:http` 0.3 that answer several requests at once.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use funcserver_engine::{Call, Fault, Guest, GuestStep, Limits, Reuse};
use funcserver_test_guest::Options;
use futures_util::future::join_all;
use http::Request;

use crate::common::{act, call, guest_file, guest_p3, guest_p3_file, handle, json, limits, request, response};

const AT_ONCE: usize = 4;

fn options(requests: usize) -> Options {
    let reuse = Reuse { requests, concurrent: AT_ONCE, ..Reuse::default() };
    Options { limits: Limits { concurrency: 16, ..limits() }, reuse, ..Options::default() }
}

fn shared() -> Guest {
    guest_p3(options(1_000_000))
}

/// The number of requests that the instance has served.
async fn requests(guest: &Guest) -> u64 {
    json(&response(guest, "state").await)["requests"].as_u64().unwrap()
}

async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

async fn fault(guest: &Guest, name: &str, time: Duration) -> Fault {
    let (call, _) = call(time);
    handle(guest, request(name), call).await.result.unwrap_err()
}

#[tokio::test]
async fn requests_share_an_instance_up_to_its_limit() {
    let guest = shared();
    let started = Instant::now();
    let busy = join_all((0..AT_ONCE).map(|_| response(&guest, "sleep:3000")));
    let (_, first, second) = tokio::join!(
        busy,
        async {
            pause(200).await;
            requests(&guest).await
        },
        async {
            pause(400).await;
            requests(&guest).await
        }
    );
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
    assert_eq!((first, second), (1, 2), "a second instance serves what the first has no room for");
    let mut counts = join_all((0..AT_ONCE).map(|_| requests(&guest))).await;
    counts.sort_unstable();
    assert_eq!(counts, [1, 2, 3, 4], "the first instance serves them, now that it has room");
}

#[tokio::test]
async fn secrets_are_those_of_an_instance_that_begins_later() {
    let guest = shared();
    let running = response(&guest, "sleep:600");
    let set = async {
        pause(200).await;
        guest.set_secrets(vec![("PASSWORD".to_owned(), "two".to_owned())]);
        json(&response(&guest, "env").await)["environment"].clone()
    };
    let (running, seen) = tokio::join!(running, set);
    assert!(running.status().is_success());
    assert_eq!(seen, serde_json::json!([["PASSWORD", "two"]]));
    assert_eq!((requests(&guest).await, requests(&guest).await), (1, 2), "the instance that has them serves on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_bodies_arrive_whole() {
    let guest = shared();
    let tasks = (0..24_u8).map(|task| {
        let guest = guest.clone();
        tokio::spawn(async move {
            for turn in 0..5 {
                let body = vec![b'a' + (task + turn) % 26; 300_000];
                let (call, _) = call(Duration::from_secs(20));
                let request = Request::post("https://shop.example/").header("x-act", "stream");
                let answer = handle(&guest, request.body(Bytes::from(body.clone())).unwrap(), call).await;
                assert!(*answer.result.unwrap().body() == body.to_ascii_uppercase(), "turn {turn} of task {task}");
            }
        })
    });
    for task in join_all(tasks).await {
        task.unwrap();
    }
}

#[tokio::test]
async fn an_instance_serves_as_many_requests_as_it_may() {
    let guest = guest_p3(options(5));
    let mut counts = Vec::new();
    for _ in 0..11 {
        counts.push(requests(&guest).await);
    }
    assert_eq!(counts, [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1]);
}

#[tokio::test]
async fn a_trap_fails_all_requests_of_its_instance_and_no_other() {
    let guest = shared();
    let (beside, trap) = tokio::join!(fault(&guest, "sleep:5000", Duration::from_secs(10)), async {
        pause(100).await;
        fault(&guest, "trap", Duration::from_secs(10)).await
    });
    assert!(matches!((&beside, &trap), (Fault::Trap(_), Fault::Trap(_))), "{beside} {trap}");
    assert_eq!(requests(&guest).await, 1);
}

#[tokio::test]
async fn an_instance_in_which_a_request_failed_takes_no_more() {
    let guest = shared();
    for name in ["error:upstream", "early-drop", "short-body", "exit:0", "exit:3", "stack", "grow"] {
        assert_eq!(requests(&guest).await, 1, "before {name}");
        fault(&guest, name, Duration::from_secs(10)).await;
    }
    assert_eq!(requests(&guest).await, 1);
}

#[tokio::test]
async fn each_request_has_its_deadline_and_the_others_go_on() {
    let guest = shared();
    let (late, other) = tokio::join!(fault(&guest, "sleep:60000", Duration::from_millis(200)), async {
        response(&guest, "sleep:600").await.status().is_success()
    });
    assert_eq!((late, other), (Fault::Deadline, true));
    assert_eq!(requests(&guest).await, 1);
}

#[tokio::test]
async fn a_guest_that_computes_for_ever_ends_at_the_deadline() {
    let guest = shared();
    let started = Instant::now();
    assert_eq!(fault(&guest, "spin", Duration::from_millis(200)).await, Fault::Deadline);
    assert_eq!(fault(&guest, "block:60000", Duration::from_millis(200)).await, Fault::Deadline);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(requests(&guest).await, 1);
}

#[tokio::test]
async fn work_goes_on_after_the_reply() {
    let guest = shared();
    let started = Instant::now();
    let (answer, lines) = act(&guest, "after:2500").await;
    assert!(answer.result.is_ok() && started.elapsed() < Duration::from_millis(2_500), "{:?}", started.elapsed());
    assert_eq!(lines.all(), []);
    while lines.all().is_empty() && started.elapsed() < Duration::from_secs(30) {
        pause(20).await;
    }
    assert!(lines.all()[0].1.contains("worked after"), "{:?}", lines.all());

    let started = Instant::now();
    assert!(response(&guest, "after:5000").await.status().is_success());
    assert_eq!((requests(&guest).await, requests(&guest).await), (1, 2), "the instance serves others meanwhile");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn an_instance_is_dropped_after_its_idle_time_and_after_a_snapshot() {
    let reuse = Reuse { idle: Some(Duration::from_secs(2)), ..options(1000).reuse };
    let guest = guest_p3(Options { reuse, ..options(1000) });
    assert_eq!((requests(&guest).await, requests(&guest).await), (1, 2));
    pause(2_100).await;
    assert_eq!((requests(&guest).await, requests(&guest).await), (1, 2));
    guest.restored();
    assert_eq!(requests(&guest).await, 1);
}

/// There are so few handles that a leak of one with each request would show.
#[tokio::test]
async fn thousands_of_requests_leak_nothing() {
    let guest =
        guest_p3(Options { limits: Limits { handles: 256, concurrency: 16, ..limits() }, ..options(1_000_000) });
    for turn in 1..=500 {
        assert_eq!(requests(&guest).await, turn);
        let acts = ["chunks:3", "trailers", "ignore-body", "sleep:0"];
        for response in join_all(acts.map(|name| response(&guest, name))).await {
            assert!(response.status().is_success());
        }
    }
}

/// Records lines, and whether they certainly belong to the request.
#[derive(Default)]
struct Lines(Mutex<Vec<(String, bool)>>);

impl Call for Lines {
    fn deadline(&self) -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    fn on(&self, step: GuestStep<'_>) {
        let GuestStep::Lines(lines) = step else { return };
        self.0.lock().unwrap().extend(lines.iter().map(|line| (line.to_owned(), lines.certain)));
    }
}

#[tokio::test]
async fn a_line_belongs_to_no_certain_request_while_there_are_several() {
    let guest = shared();
    let lines = Arc::new(Lines::default());
    let print = async |text: &str| {
        handle(&guest, request(text), lines.clone()).await.result.unwrap();
    };
    print("stdout:alone").await;
    tokio::join!(response(&guest, "sleep:3000"), async {
        pause(100).await;
        print("stdout:beside another").await;
    });
    pause(50).await;
    print("stdout:alone again").await;
    let expected = [("alone", true), ("beside another", false), ("alone again", true)];
    assert_eq!(*lines.0.lock().unwrap(), expected.map(|(line, own)| (line.to_owned(), own)));
}

#[test]
fn guests_that_cannot_share_instances_are_refused_with_the_remedy() {
    let refused = |path, options| funcserver_test_guest::load(path, options).err().unwrap().to_string();
    let text = refused(guest_file(), options(1000));
    assert!(text.contains("guest.concurrent is 4") && text.contains("wasi:http 0.3"), "{text}");
    let text = refused(guest_p3_file(), options(3));
    assert!(text.contains("guest.reuse") && text.contains("4 or more"), "{text}");
}
