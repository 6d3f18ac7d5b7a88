//! Answers that are streamed (`response.stream`): pieces as the handler writes them, at the pace of the reader, and the
//! ends that a stream can have.

use std::sync::mpsc::Receiver;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use funcserver_events::FrontKind;
use serde_json::json;

use crate::common::runtime_api::{Bootstrap, text};
use crate::common::stream_api::{Post, Reading, serve, url_event};

const SECOND: Duration = Duration::from_secs(1);
const STREAM: (&str, &str) = ("FUNCSERVER_RESPONSE_STREAM", "true");
const REUSE: (&str, &str) = ("FUNCSERVER_GUEST_REUSE", "1000");

fn url(act: &str) -> (Bytes, Reading) {
    (url_event(FrontKind::Url, act), Reading::Fast)
}

fn next(posts: &Receiver<Post>) -> Post {
    posts.recv_timeout(60 * SECOND).unwrap()
}

/// Resident memory now, in bytes.
fn resident(bootstrap: &Bootstrap) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", bootstrap.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
fn each_piece_arrives_when_it_is_written() {
    let (address, posts) = serve(vec![url("pieces:5:300"), url("state")], 20 * SECOND);
    let _bootstrap = Bootstrap::start(&address, &[STREAM]);
    let post = next(&posts);
    assert!(post.complete && post.is_streamed() && post.error().is_none(), "{}", post.head);
    assert!(post.head.contains("content-type: application/vnd.awslambda.http-integration-response"), "{}", post.head);
    let (prelude, body) = post.parts();
    assert_eq!(prelude["statusCode"], 200);
    assert_eq!(body.split(|byte| *byte == b'\n').count(), 6);
    let times: Vec<_> = post.arrivals.iter().map(|(time, _)| *time).collect();
    let spread = times[times.len() - 1].duration_since(times[0]).unwrap();
    assert!(spread > SECOND, "{spread:?}");
    // The connection is closed, and the next event comes on another one.
    assert_eq!(next(&posts).parts().0["statusCode"], 200);
}

/// The time from the handler's write to the reader is printed, and not judged.
#[test]
fn the_first_byte_is_measured() {
    let events = (0..60).map(|_| url("pieces:1:20")).collect();
    let (address, posts) = serve(events, 20 * SECOND);
    let _bootstrap = Bootstrap::start(&address, &[STREAM]);
    let mut times = Vec::new();
    for _ in 0..60 {
        let post = next(&posts);
        let (_, body) = post.parts();
        let written: u128 = std::str::from_utf8(body).unwrap().trim().parse().unwrap();
        let arrived = post.arrivals.iter().find(|(_, size)| *size == post.body.len()).unwrap().0;
        let arrived = arrived.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
        times.push(arrived.saturating_sub(written));
    }
    times.sort_unstable();
    println!("first byte after its write: p50 {} µs, p90 {} µs", times[30] / 1000, times[54] / 1000);
}

#[test]
fn two_hundred_megabytes_take_little_memory() {
    for variables in [&[STREAM][..], &[STREAM, REUSE]] {
        let (address, posts) = serve(vec![url("pieces:2:0"), url("bulk:191")], 60 * SECOND);
        let bootstrap = Bootstrap::start(&address, variables);
        assert!(next(&posts).complete);
        let before = resident(&bootstrap);
        let post = next(&posts);
        assert!(post.complete && post.error().is_none(), "{:?}", post.error());
        assert_eq!(post.parts().1.len(), 191 << 20);
        let grown = bootstrap.peak().saturating_sub(before);
        println!("200 MB streamed: {} KiB more memory", grown / 1024);
        assert!(grown < 8_000_000, "{grown} bytes");
    }
}

/// A reader at 1 MB/s: the handler is never further ahead of it than the buffers of host and kernel allow.
#[test]
fn a_slow_reader_holds_the_handler_back() {
    let reading = Reading::Slow(50_000, Duration::from_millis(50));
    let (address, posts) = serve(vec![(url_event(FrontKind::Url, "bulk:200"), reading)], 8 * SECOND);
    let bootstrap = Bootstrap::start(&address, &[STREAM]);
    let post = next(&posts);
    let (_, body) = post.parts();
    let nanoseconds = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    let mut most = 0;
    for (number, piece) in body.chunks(64 << 10).enumerate() {
        let Some(line) = piece.split(|byte| *byte == b'\n').next().filter(|line| line.len() == 19) else { continue };
        let written: u128 = std::str::from_utf8(line).unwrap().parse().unwrap();
        let read =
            post.arrivals.iter().rev().find(|(time, _)| nanoseconds(*time) <= written).map_or(0, |(_, size)| *size);
        most = most.max((number * (64 << 10)).saturating_sub(read));
    }
    println!("the handler was at most {} KiB ahead", most / 1024);
    assert!(body.len() < 40 << 20, "the reader has taken {} bytes", body.len());
    assert!(most < 16 << 20, "{most} bytes ahead");
    assert!(bootstrap.peak() < 200 << 20);
}

#[test]
fn a_trap_in_the_middle_is_in_the_trailers_each_time() {
    // Nobody reads the log, which would fill its pipe.
    let quiet = [("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", "FATAL")];
    let (posts, _bootstrap) = traps(100, &[STREAM, quiet[0], quiet[1]]);
    for post in &posts {
        let (prelude, body) = post.parts();
        assert_eq!((&prelude["statusCode"], body), (&json!(200), &b"begun"[..]));
        let (kind, message) = post.error().expect("trailers");
        assert_eq!(kind, "Funcserver.Fault.trap");
        assert!(message.starts_with("crashed: ") && message.ends_with("(after 5 bytes of its answer)"), "{message}");
        let announced = "trailer: lambda-runtime-function-error-type, lambda-runtime-function-error-body";
        assert!(post.head.contains(announced), "{}", post.head);
    }
    println!("{} of 100 traps are in the trailers", posts.len());
}

#[test]
fn a_trap_in_the_middle_is_one_line_in_the_log() {
    let (posts, bootstrap) = traps(3, &[STREAM]);
    assert!(posts.iter().all(|post| post.complete));
    bootstrap.terminate();
    let log = text(&bootstrap.ended());
    assert_eq!(log.matches("after 5 bytes of its answer").count(), 3, "{log}");
}

/// The answers to this many events whose handler traps in the middle of its body.
fn traps(count: usize, variables: &[(&str, &str)]) -> (Vec<Post>, Bootstrap) {
    // One more event, so that the last trap is logged when it is asked for.
    let events = (0..count).map(|_| url("trap-after-headers")).chain([url("state")]).collect();
    let (address, posts) = serve(events, 20 * SECOND);
    let bootstrap = Bootstrap::start(&address, variables);
    let mut all: Vec<_> = (0..=count).map(|_| next(&posts)).collect();
    all.pop();
    (all, bootstrap)
}

#[test]
fn a_fault_before_the_first_byte_is_an_answer_of_its_kind() {
    let acts = ["trap", "head-trap", "noresponse", "exit:3"];
    let (address, posts) = serve(acts.map(url).to_vec(), 20 * SECOND);
    let _bootstrap = Bootstrap::start(&address, &[STREAM]);
    for (act, kind) in acts.into_iter().zip(["trap", "trap", "no-answer", "exit"]) {
        let post = next(&posts);
        assert!(post.is_streamed() && post.error().is_none(), "{act}: {}", post.head);
        let (prelude, body) = post.parts();
        assert_eq!(prelude["statusCode"], 500);
        assert_eq!(prelude["headers"]["x-funcserver-error"], kind, "{act}");
        assert!(body.starts_with(b"500 "), "{act}");
    }
}

/// Several streams of one instance of 0.3 flow at the same time.
#[test]
fn streams_of_one_instance_flow_at_once() {
    let variables = [
        STREAM,
        ("AWS_LAMBDA_MAX_CONCURRENCY", "4"),
        ("FUNCSERVER_GUEST_REUSE", "1000"),
        ("FUNCSERVER_GUEST_CONCURRENT", "4"),
    ];
    let (address, posts) = serve((0..8).map(|_| url("slow:500")).collect(), 20 * SECOND);
    let _bootstrap = Bootstrap::p3(&address, &variables);
    let all: Vec<_> = (0..8).map(|_| next(&posts)).collect();
    for post in &all {
        assert!(post.complete && post.is_streamed() && post.error().is_none(), "{:?}", post.error());
        assert_eq!(post.parts().1, all[0].parts().1);
    }
    let begins = |post: &Post| post.arrivals[0].0;
    let ends = |post: &Post| post.arrivals[post.arrivals.len() - 1].0;
    let at_once = all.iter().filter(|one| begins(one) < ends(&all[0]) && ends(one) >= begins(&all[0])).count();
    assert!(at_once > 1, "one after the other");
}

#[test]
fn every_other_front_end_is_answered_whole() {
    let fronts: Vec<_> =
        FrontKind::ALL.into_iter().filter(|kind| !matches!(kind, FrontKind::Url | FrontKind::Rest)).collect();
    let events = fronts.iter().map(|front| (url_event(*front, "pieces:2:10"), Reading::Fast)).collect();
    let (address, posts) = serve(events, 20 * SECOND);
    let _bootstrap = Bootstrap::start(&address, &[STREAM]);
    for front in fronts {
        let post = next(&posts);
        assert!(!post.is_streamed() && post.complete, "{front}");
        let reply: serde_json::Value = serde_json::from_slice(&post.body).unwrap();
        assert_eq!(reply["statusCode"], 200, "{front}");
    }
}

#[test]
fn the_deadline_ends_a_stream() {
    let (address, posts) = serve(vec![url("pieces:100:200"), url("state")], 2 * SECOND);
    let _bootstrap = Bootstrap::start(&address, &[STREAM]);
    let post = next(&posts);
    let (kind, _) = post.error().expect("trailers");
    assert_eq!(kind, "Funcserver.Fault.deadline");
    assert!(post.complete && !post.parts().1.is_empty());
    assert!(next(&posts).complete);
}

#[test]
fn a_reader_that_resets_or_stops_costs_only_its_own_answer() {
    for reading in [Reading::Reset(1 << 20), Reading::Stop(1 << 20, 4 * SECOND)] {
        let (address, posts) = serve(vec![(url_event(FrontKind::Url, "bulk:500"), reading), url("state")], 2 * SECOND);
        let bootstrap = Bootstrap::start(&address, &[STREAM]);
        // A reader that has stopped notices the end later than the next event is answered.
        let mut both = [next(&posts), next(&posts)];
        both.sort_by(|one, other| one.path.cmp(&other.path));
        assert_eq!(both.each_ref().map(|post| post.complete), [false, true], "{reading:?}");
        bootstrap.terminate();
        let log = text(&bootstrap.ended());
        assert_eq!(log.matches("the answer is lost").count(), 1, "{reading:?}: {log}");
    }
}

#[test]
fn a_thread_that_blocks_in_a_stream_ends_the_process_without_another_answer() {
    let (address, posts) = serve(vec![url("begin-block:20000")], 3 * SECOND);
    let bootstrap = Bootstrap::blocking(&address, &[STREAM]);
    let output = bootstrap.ended();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("beyond Lambda's deadline"), "{}", text(&output));
    let post = next(&posts);
    assert!(post.is_streamed() && !post.complete);
    assert!(posts.try_recv().is_err(), "a second answer");
}
