//! Drives one bootstrap through good and faulty invocations, and checks every reply and the memory of the process.
//!
//! usage: soak BOOTSTRAP INVOCATIONS [KIND]
//!
//! With a KIND of the mix, only that: to find which one wears something out.
//!
//! `scripts/soak` builds and runs it. Exit status 1 if a reply is lost or wrong, or if the resident memory at the end is
//! more than 10 % above that after the first 1,000 invocations.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used)] // A tool for developers: its panics are its messages.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use funcserver_engine::{Target, compile};
use funcserver_local::Function;
use funcserver_local::environment::{Environment, Line, Program};
use serde_json::{Value, json};

/// After so many the process has touched all that it keeps.
const WARM: u64 = 1_000;
/// How far the memory may rise after that.
const RISE: f64 = 1.10;

/// One kind of invocation: how many of 1,000, what the guest does, and the status of the reply (0: an invocation error).
struct Kind {
    share: u64,
    name: &'static str,
    event: Value,
    status: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bootstrap, invocations, kind @ ..] = arguments.as_slice() else {
        eprintln!("usage: soak BOOTSTRAP INVOCATIONS [KIND]");
        return ExitCode::from(2);
    };
    let invocations: u64 = invocations.parse().expect("a number of invocations");
    let bootstrap = std::path::absolute(bootstrap).expect("a path");
    soak(bootstrap, invocations, kind.first()).await
}

async fn soak(bootstrap: PathBuf, invocations: u64, only: Option<&String>) -> ExitCode {
    let folder = tempfile::tempdir().unwrap();
    let compiled = compile::compile(funcserver_test_guest::WASM, Target::Host).unwrap();
    std::fs::write(folder.path().join("handler.cwasm"), compiled).unwrap();

    let kinds = mix();
    println!("mix, of 1,000 invocations:");
    for kind in &kinds {
        println!(
            "{:>5}  {} -> {}",
            kind.share,
            kind.name,
            if kind.status == 0 { "error".into() } else { kind.status.to_string() }
        );
    }
    let mut order = shuffled(&kinds);
    if let Some(only) = only {
        order.retain(|n| kinds[*n].name == only);
        assert!(!order.is_empty(), "no kind of the mix is called {only}");
    }

    let lines = Arc::new(AtomicU64::new(0));
    let counted = lines.clone();
    let output = Arc::new(move |_: &Line| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let function = Function { memory_mb: 256, timeout: Duration::from_secs(1), ..Function::default() };
    let mut program = Program::new(bootstrap, folder.path());
    program.variables.insert("FUNCSERVER_LIMITS_MEMORY".into(), "32MiB".into());
    let environment = Environment::start(&function, &program, &(output as _), 1).await.unwrap();

    let (started, mut wrong, mut first) = (Instant::now(), 0_u64, 0_u64);
    for n in 0..invocations {
        let kind = &kinds[order[usize::try_from(n).unwrap() % order.len()]];
        let answer = environment.invoke(kind.event.to_string().into()).await;
        let status = answer.as_ref().map_or(0, |reply| {
            serde_json::from_slice::<Value>(reply).ok().and_then(|reply| reply["statusCode"].as_u64()).unwrap_or(1)
        });
        if status != kind.status {
            wrong += 1;
            eprintln!("invocation {n}, {}: expected {}, got {answer:?}", kind.name, kind.status);
        }
        if !environment.alive() {
            eprintln!("the process ended at invocation {n}");
            return ExitCode::FAILURE;
        }
        if n + 1 == WARM {
            first = resident(environment.process_id());
        }
        if (n + 1) % 10_000 == 0 {
            let now = resident(environment.process_id());
            println!("{:>7} invocations, {} s, {now} KiB resident", n + 1, started.elapsed().as_secs());
        }
    }
    let last = resident(environment.process_id());
    println!("{invocations} invocations, {wrong} wrong or lost, {} log lines", lines.load(Ordering::Relaxed));
    #[expect(clippy::cast_precision_loss, reason = "kibibytes of one process")]
    let rise = last as f64 / first.max(1) as f64;
    println!("resident: {first} KiB after {WARM}, {last} KiB at the end: {rise:.3} times");
    let steady = invocations <= WARM || rise <= RISE;
    if wrong == 0 && steady { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn mix() -> Vec<Kind> {
    let act = |share, name, status| Kind { share, name, event: event("x-act", name), status };
    let answer = |share, name, answer: Value, status| {
        let text = BASE64_URL_SAFE_NO_PAD.encode(answer.to_string());
        Kind { share, name, event: event("x-answer", &text), status }
    };
    let mut bad = event("x-act", "state");
    bad["headers"]["x-number"] = json!(7);
    vec![
        act(549, "state", 200),
        act(100, "random", 200),
        act(50, "stdout:a line", 200),
        answer(60, "a body of 500 kB", json!({"status": 200, "headers": [], "body_repeat": [66, 500_000]}), 200),
        act(30, "chunks:200", 200),
        act(20, "open-body", 200),
        act(15, "after:2", 200),
        act(40, "trap", 500),
        act(20, "panic:soak", 500),
        act(10, "stack", 500),
        act(20, "grow", 500),
        act(15, "handles", 500),
        act(20, "noresponse", 500),
        act(15, "exit:1", 500),
        act(10, "early-drop", 500),
        act(10, "short-body", 502),
        act(2, "endless-body", 502),
        act(1, "spin", 504),
        act(1, "sleep:60000", 504),
        act(1, "print-long:3000000", 200),
        act(3, "fetch:http://169.254.169.254/", 200),
        Kind { share: 4, name: "a bad event", event: bad, status: 400 },
        Kind { share: 4, name: "an event of a queue", event: json!({"Records": []}), status: 0 },
    ]
}

fn event(name: &str, value: &str) -> Value {
    json!({
        "httpMethod": "GET", "path": "/soak", "queryStringParameters": {"n": "1"},
        "headers": {"host": "soak.example", "x-forwarded-proto": "https", "x-forwarded-for": "198.51.100.3", name: value},
        "body": "", "isBase64Encoded": false
    })
}

/// Which kind each of 1,000 invocations is of: always the same order, in which the kinds are spread.
fn shuffled(kinds: &[Kind]) -> Vec<usize> {
    let mut order: Vec<usize> =
        kinds.iter().enumerate().flat_map(|(n, kind)| (0..kind.share).map(move |_| n)).collect();
    assert_eq!(order.len(), 1_000, "the shares are parts of 1,000");
    let mut seed = 0x9e37_79b9_u64;
    for n in (1..order.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(n, usize::try_from(seed >> 33).unwrap() % (n + 1));
    }
    order
}

/// Resident memory of a process in KiB.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
