//! Batches whose records are posted one by one: what is reported as failed, and in which order they run.

use std::time::{Duration, Instant};

use funcserver_engine::{Limits, Reuse};
use funcserver_function::Outcome;
use funcserver_function::config::Config;
use funcserver_test_guest::{Options, WASM, WASM_P3};
use serde_json::{Value, json};

use crate::invoke::Bench;

/// Enough time for a batch on a busy machine.
const LONG: Duration = Duration::from_secs(300);

/// A host that posts the records of batches, with as many instances at once.
fn bench(concurrency: usize) -> Bench {
    bench_of(WASM, Limits { concurrency, ..limits() }, Reuse::default())
}

/// A host with one event at a time, whose instance takes several records at once.
fn sharing(concurrent: usize) -> Bench {
    let reuse = Reuse { requests: 10_000, concurrent, ..Reuse::default() };
    bench_of(WASM_P3, Limits { shared_requests: concurrent, ..limits() }, reuse)
}

fn bench_of(component: &[u8], limits: Limits, reuse: Reuse) -> Bench {
    let mut config = Config::default();
    config.events.path = Some("/events/{source}".parse().unwrap());
    config.events.split = true;
    // The margin is so large that a busy machine is not mistaken for a late host.
    config.limits.deadline_margin = Duration::from_millis(2_500);
    Bench::of(component, Options { limits, reuse, ..Options::default() }, &config)
}

fn limits() -> Limits {
    Limits { memory: 32 << 20, ..Limits::default() }
}

/// A record of a queue, with what the handler does with it.
fn message(id: &str, act: &str) -> Value {
    json!({"messageId": id, "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-north-1:1:q", "act": act})
}

fn fifo(id: &str, group: &str, act: &str) -> Value {
    let mut record = message(id, act);
    record["eventSourceARN"] = json!("arn:aws:sqs:eu-north-1:1:q.fifo");
    record["attributes"] = json!({ "MessageGroupId": group });
    record
}

fn of_shard(number: usize, act: &str) -> Value {
    json!({"eventSource": "aws:kinesis", "kinesis": {"sequenceNumber": number.to_string()}, "act": act})
}

/// The records that are reported as failed.
async fn failed(bench: &Bench, records: &[Value], time: Duration) -> Vec<String> {
    let outcome = bench.invoke_for(json!({ "Records": records }).to_string(), time).await;
    let Outcome::Reply(result) = outcome else { panic!("{outcome:?}") };
    let result: Value = serde_json::from_slice(&result).unwrap();
    let items = result["batchItemFailures"].as_array().unwrap();
    items.iter().map(|item| item["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

/// The lines that the handler has printed to standard output.
fn printed(bench: &Bench) -> Vec<String> {
    let lines = bench.log().lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>();
    let messages = lines.iter().filter_map(|line| line["message"].as_str());
    messages.filter(|message| message.starts_with("saw ")).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn exactly_the_poisonous_records_are_reported_and_each_is_seen_once() {
    for (name, bench, poison) in [
        ("one at a time", bench(1), "panic:poison"),
        ("four instances", bench(4), "panic:poison"),
        ("four at once in an instance", sharing(4), "no-such-act"),
    ] {
        let id = |number: usize| format!("m{number}");
        let is_poison = |number: usize| number % 100 == 37;
        let act = |number| if is_poison(number) { poison.to_owned() } else { format!("stdout:saw {}", id(number)) };
        let records: Vec<_> = (0..1000).map(|number| message(&id(number), &act(number))).collect();
        let started = Instant::now();
        let reported = failed(&bench, &records, LONG).await;
        println!("{name}: {} of 1000 reported after {:?}", reported.len(), started.elapsed());
        let poisonous: Vec<_> = (0..1000).filter(|number| is_poison(*number)).map(id).collect();
        assert_eq!(reported, poisonous, "{name}");
        let mut seen = printed(&bench);
        seen.sort();
        let mut expected: Vec<_> = (0..1000).filter(|n| !is_poison(*n)).map(|n| format!("saw {}", id(n))).collect();
        expected.sort();
        assert_eq!(seen, expected, "{name}: each record is seen once");
        let tried = bench.log().lines().filter(|line| line.contains("a record failed")).count();
        assert_eq!(tried, poisonous.len(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_fifo_group_stops_at_its_first_failure_and_the_others_go_on() {
    for concurrency in [1, 4] {
        let bench = bench(concurrency);
        let records = [
            fifo("a1", "a", "stdout:saw a1"),
            fifo("b1", "b", "stdout:saw b1"),
            fifo("a2", "a", "panic:poison"),
            fifo("a3", "a", "stdout:saw a3"),
            fifo("b2", "b", "stdout:saw b2"),
            fifo("a4", "a", "stdout:saw a4"),
            fifo("b3", "b", "stdout:saw b3"),
        ];
        assert_eq!(failed(&bench, &records, LONG).await, ["a2", "a3", "a4"]);
        let printed = printed(&bench);
        let of = |group: &str| printed.iter().filter(|line| line[4..].starts_with(group)).cloned().collect::<Vec<_>>();
        assert_eq!((of("a"), of("b").len()), (vec!["saw a1".to_owned()], 3));
        assert!(of("b").is_sorted(), "{printed:?}");
    }
}

#[tokio::test]
async fn messages_of_a_standard_queue_that_name_a_group_have_no_order() {
    let mut records = [message("m0", "panic:poison"), message("m1", "stdout:saw m1")];
    for record in &mut records {
        record["attributes"] = json!({ "MessageGroupId": "customer-7" });
    }
    assert_eq!(failed(&bench(1), &records, LONG).await, ["m0"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_shard_stays_in_order_whatever_may_run_at_once() {
    let bench = bench(4);
    let act = |number| if number == 20 { "exit:1".to_owned() } else { format!("stdout:saw {number:02}") };
    let records: Vec<_> = (0..30).map(|number| of_shard(number, &act(number))).collect();
    let reported: Vec<_> = (20..30).map(|number: usize| number.to_string()).collect();
    assert_eq!(failed(&bench, &records, LONG).await, reported);
    assert_eq!(printed(&bench), (0..20).map(|number| format!("saw {number:02}")).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn records_run_at_once_where_instances_or_an_instance_allow_it() {
    for (name, bench, at_once) in
        [("four instances", bench(4), 4), ("eight in an instance", sharing(8), 8), ("one at a time", bench(1), 1)]
    {
        let records: Vec<_> = (0..8).map(|number| message(&format!("m{number}"), "sleep:1000")).collect();
        let started = Instant::now();
        assert_eq!(failed(&bench, &records, LONG).await, [""; 0]);
        let took = started.elapsed();
        println!("{name}: 8 records that wait for a second take {took:?}");
        let rounds = 8 / at_once;
        assert!(took >= Duration::from_secs(rounds), "{name}: {took:?}");
        assert!(at_once == 1 || took < Duration::from_secs(7), "{name}: {took:?}");
    }
}

/// As in a function with one event at a time.
#[tokio::test]
async fn an_instance_takes_several_records_at_once_on_one_thread() {
    let records: Vec<_> = (0..16).map(|number| message(&format!("m{number}"), "sleep:1000")).collect();
    let started = Instant::now();
    assert_eq!(failed(&sharing(8), &records, LONG).await, [""; 0]);
    assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_crash_fails_the_records_that_share_its_instance_and_the_others_go_on() {
    let act = |number| if number == 10 { "panic:poison" } else { "sleep:20" };
    let records: Vec<_> = (0..40).map(|number| message(&number.to_string(), act(number))).collect();
    let failed = failed(&sharing(4), &records, LONG).await;
    assert!(failed.contains(&"10".to_owned()) && failed.len() <= 4, "{failed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_is_unfinished_at_the_deadline_is_reported_and_what_is_done_is_not() {
    for (concurrency, expected) in [(1, &["slow", "never"][..]), (2, &["slow"])] {
        let records = [message("done", "stdout:saw it"), message("slow", "sleep:600000"), message("never", "state")];
        let started = Instant::now();
        assert_eq!(failed(&bench(concurrency), &records, Duration::from_secs(8)).await, expected);
        assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn each_failure_has_the_words_of_its_own_record() {
    let bench = bench(4);
    let records: Vec<_> = (0..8).map(|n| message(&format!("m{n}"), &format!("panic:poison {n}."))).collect();
    assert_eq!(failed(&bench, &records, LONG).await.len(), 8);
    let log = bench.log();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let failures: Vec<_> = lines.filter(|line| line["message"] == "a record failed").collect();
    assert_eq!(failures.len(), 8);
    for line in failures {
        let number = &line["record"].as_str().unwrap()[1..];
        assert!(line["error"].as_str().unwrap().contains(&format!("poison {number}.")), "{line}");
    }
}

#[tokio::test]
async fn work_after_an_answer_is_done_before_the_next_record_and_its_failure_is_logged() {
    let bench = bench(1);
    let records = [message("m0", "trap-after-body"), message("m1", "after:100"), message("m2", "stdout:saw m2")];
    // The first two answer with plain text.
    assert_eq!(failed(&bench, &records, LONG).await, ["m0", "m1"]);
    let log = bench.log();
    let at = |text: &str| log.find(text).unwrap_or_else(|| panic!("{text} in {log}"));
    assert!(at(r#""when":"after the answer""#) < at("saw m2") && at("worked") < at("saw m2"), "{log}");
    assert_eq!(log.matches(r#""when":"after the answer""#).count(), 1, "{}", bench.log());
}
