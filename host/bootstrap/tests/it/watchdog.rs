//! The watchdog answers overdue events even if a handler keeps its thread busy: each event has one answer, in time. In
//! some tests the handler blocks its thread in a call into the host, where it cannot be interrupted.

use std::collections::HashMap;
use std::io::Write;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::common::runtime_api::{Bootstrap, Reply, accepted, headers, http, is_next, serve, text};
use funcserver_test_guest::act;

const SECOND: Duration = Duration::from_secs(1);
/// Answers are due two seconds before Lambda's deadline, so that a busy machine still meets it.
const MARGIN: (&str, &str) = ("FUNCSERVER_LIMITS_DEADLINE_MARGIN", "2s");
const SIXTEEN: (&str, &str) = ("AWS_LAMBDA_MAX_CONCURRENCY", "16");

type Requests = Receiver<(String, Vec<u8>)>;

/// A Runtime API that sends `events`, each with a limit of five seconds, and accepts the first answer to each. Requests
/// are received with the time of their arrival.
fn events(events: Vec<Value>) -> (String, Requests) {
    let count = Mutex::new(0);
    let answered = Mutex::new(HashMap::new());
    serve(move |line, _| {
        if is_next(line) {
            let mut count = count.lock().unwrap();
            *count += 1;
            return events
                .get(*count - 1)
                .map_or(Reply::Silence, |event| http("200 OK", &headers(*count, 5 * SECOND), &event.to_string()));
        }
        let id = line.split('/').rev().nth(1).unwrap().to_owned();
        match answered.lock().unwrap().insert(id, SystemTime::now()) {
            None => accepted(),
            Some(_) => http("400 Bad Request", "", ""),
        }
    })
}

/// The next answer: its request id, the last part of its path, and its body.
fn answer(seen: &Requests) -> (String, String, Value) {
    loop {
        let (line, body) = seen.recv_timeout(30 * SECOND).unwrap();
        if line.starts_with("POST") {
            let mut parts = line.rsplit('/');
            let (end, id) = (parts.next().unwrap(), parts.next().unwrap());
            return (id.to_owned(), end.to_owned(), serde_json::from_slice(&body).unwrap());
        }
    }
}

fn posts(seen: &Requests) -> Vec<String> {
    seen.try_iter().map(|(line, _)| line).filter(|line| line.starts_with("POST")).collect()
}

fn is_deadline(reply: &Value) -> bool {
    reply["statusCode"] == 504 && reply["headers"]["x-funcserver-error"] == "deadline"
}

#[test]
fn an_event_whose_thread_is_blocked_is_answered_once_and_the_process_ends_at_lambdas_deadline() {
    let (address, seen) = events(vec![act("block:20000")]);
    let bootstrap = Bootstrap::blocking(&address, &[MARGIN]);
    let (id, _, reply) = answer(&seen);
    assert!(id == "id-1" && is_deadline(&reply), "{id}: {reply}");
    let output = bootstrap.ended();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert_eq!(text(&output).matches("FATAL").count(), 1, "{}", text(&output));
    assert_eq!(text(&output).matches("did not answer in time").count(), 1, "{}", text(&output));
    assert!(text(&output).contains("beyond Lambda's deadline"), "{}", text(&output));
    assert_eq!(posts(&seen), [""; 0]);
}

#[test]
fn a_thread_that_comes_back_before_lambdas_deadline_goes_on_with_the_next_event() {
    let (address, seen) = events(vec![act("block:3800"), act("state")]);
    let _bootstrap = Bootstrap::blocking(&address, &[MARGIN]);
    let (id, _, reply) = answer(&seen);
    assert!(id == "id-1" && is_deadline(&reply), "{id}: {reply}");
    // The handler's own answer is too late and is not sent.
    let (id, _, reply) = answer(&seen);
    assert!(id == "id-2" && reply["statusCode"] == 200, "{id}: {reply}");
}

#[test]
fn one_blocked_thread_of_many_delays_no_other_event() {
    let sleep = |_| act("sleep:1500");
    for blocked in [0, 15] {
        let mut all: Vec<_> = (0..16).map(sleep).collect();
        all[blocked] = act("block:20000");
        let (address, seen) = events(all);
        let bootstrap = Bootstrap::blocking(&address, &[MARGIN, SIXTEEN]);
        let blocked = format!("id-{}", blocked + 1);
        for number in 0..16 {
            let (id, _, reply) = answer(&seen);
            let good = if id == blocked { is_deadline(&reply) } else { reply["statusCode"] == 200 };
            assert!(good, "answer {number}, {id} while {blocked} is blocked: {reply}");
        }
        let output = bootstrap.ended();
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    }
}

#[test]
fn each_event_has_its_answer_where_all_threads_are_blocked() {
    let (address, seen) = events(vec![act("block:20000"); 16]);
    let bootstrap = Bootstrap::blocking(&address, &[MARGIN, SIXTEEN]);
    let mut ids = Vec::new();
    for _ in 0..16 {
        let (id, _, reply) = answer(&seen);
        assert!(is_deadline(&reply), "{id}: {reply}");
        ids.push(id);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 16, "{ids:?}");
    let output = bootstrap.ended();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert_eq!(text(&output).matches("FATAL").count(), 1, "{}", text(&output));
}

/// The watchdog's answer has the form that the worker's answer would have.
#[test]
fn the_answer_of_a_blocked_event_has_its_form() {
    let mut multi = act("block:20000");
    multi["multiValueHeaders"] = json!({"x-act": ["block:20000"], "host": ["shop.example"]});
    multi["headers"].take();
    multi["httpMethod"] = json!("HEAD");
    let (address, seen) = events(vec![multi]);
    let _bootstrap = Bootstrap::blocking(&address, &[MARGIN]);
    let (_, end, reply) = answer(&seen);
    assert_eq!(end, "response");
    assert_eq!(reply["multiValueHeaders"]["x-funcserver-error"], json!(["deadline"]));
    assert!(reply.get("headers").is_none() && reply["body"].as_str().is_none_or(str::is_empty), "{reply}");
}

#[test]
fn the_answer_of_a_blocked_event_is_an_invocation_error_where_faults_are() {
    let (address, seen) = events(vec![act("block:20000")]);
    let variables = [MARGIN, ("FUNCSERVER_LIMITS_FAIL", "error"), ("FUNCSERVER_LOG_METRICS", "true")];
    let bootstrap = Bootstrap::blocking(&address, &variables);
    let (_, end, error) = answer(&seen);
    assert_eq!((end.as_str(), &error["errorType"]), ("error", &json!("Funcserver.Fault.deadline")));
    let output = bootstrap.ended();
    let metrics = String::from_utf8(output.stdout).unwrap();
    assert_eq!(metrics.matches("\"deadline\"").count(), 1, "{metrics}");
}

/// Records that are done are not delivered again, even if another record blocks its thread.
#[test]
fn a_batch_whose_thread_is_blocked_is_answered_with_what_is_not_done() {
    let record = |id: &str, act: &str| json!({"messageId": id, "eventSource": "aws:sqs", "act": act});
    let records =
        [record("m0", "state"), record("m1", "panic:poison"), record("m2", "block:20000"), record("m3", "state")];
    let (address, seen) = events(vec![json!({ "Records": records })]);
    let settings = [MARGIN, ("FUNCSERVER_EVENTS_PATH", "/events"), ("FUNCSERVER_EVENTS_SPLIT", "true")];
    let bootstrap = Bootstrap::blocking(&address, &settings);
    let (id, end, result) = answer(&seen);
    assert_eq!((id.as_str(), end.as_str()), ("id-1", "response"));
    let failed = ["m1", "m2", "m3"].map(|id| json!({ "itemIdentifier": id }));
    assert_eq!(result, json!({ "batchItemFailures": failed }));
    let output = bootstrap.ended();
    assert_eq!(text(&output).matches("a record failed").count(), 3, "{}", text(&output));
    assert_eq!(posts(&seen), [""; 0]);
}

/// A pipe holds 64 KiB. If it is not read, it blocks the writer of the log, but delays no answer.
#[test]
fn a_log_that_nobody_reads_delays_no_answer() {
    let (address, seen) = events(vec![act("print-long:32000"); 4]);
    let bootstrap = Bootstrap::start(&address, &[MARGIN]);
    let mut answered = 0;
    loop {
        let (id, _, reply) = answer(&seen);
        answered += 1;
        assert_eq!(id, format!("id-{answered}"));
        if is_deadline(&reply) {
            break;
        }
        assert_eq!(reply["statusCode"], 200, "{reply}");
    }
    assert!(answered > 1, "the first line fits");
    let output = bootstrap.ended_unread();
    assert_eq!(output.code(), Some(1));
}

#[test]
fn an_event_at_work_is_answered_before_the_process_ends_as_told() {
    for variables in [&[][..], &[SIXTEEN][..]] {
        let (address, seen) = events(vec![act("sleep:20000")]);
        let bootstrap = Bootstrap::start(&address, variables);
        let (line, _) = seen.recv_timeout(30 * SECOND).unwrap();
        assert!(is_next(&line), "{line}");
        // After this time the event is usually being handled. If it is not, the test holds as well.
        std::thread::sleep(SECOND / 5);
        bootstrap.terminate();
        let (_, _, reply) = answer(&seen);
        assert!(is_deadline(&reply), "{reply}");
        let output = bootstrap.ended();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        assert!(text(&output).contains("told to end"), "{}", text(&output));
    }
}

#[test]
fn an_event_that_is_half_received_is_answered_before_the_process_ends_as_told() {
    let event = act("state").to_string();
    let half = Arc::new(Mutex::new(None));
    let (begun, ready) = (half.clone(), std::sync::mpsc::channel());
    let sender = Mutex::new(ready.0);
    let (address, seen) = serve(move |line, _| {
        if !is_next(line) {
            return accepted();
        }
        if begun.lock().unwrap().replace(()).is_some() {
            return Reply::Silence;
        }
        let (event, sender) = (event.clone(), sender.lock().unwrap().clone());
        Reply::Does(Arc::new(move |mut stream| {
            let (first, second) = event.split_at(event.len() / 2);
            let headers = headers(1, 5 * SECOND);
            write!(stream, "HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n{first}", event.len())?;
            sender.send(()).unwrap();
            std::thread::sleep(SECOND / 10);
            stream.write_all(second.as_bytes())
        }))
    });
    let bootstrap = Bootstrap::start(&address, &[]);
    ready.1.recv_timeout(30 * SECOND).unwrap();
    std::thread::sleep(SECOND / 20);
    bootstrap.terminate();
    let output = bootstrap.ended();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let posts: Vec<_> = seen.try_iter().filter(|(line, _)| line.starts_with("POST")).collect();
    assert_eq!(posts.len(), 1, "{posts:?}");
    let reply: Value = serde_json::from_slice(&posts[0].1).unwrap();
    // On a very busy machine the handler may be interrupted first.
    assert!(reply["statusCode"] == 200 || is_deadline(&reply), "{reply}");
}
