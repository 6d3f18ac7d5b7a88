//! `funcserver serve --exec`: any custom runtime.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::elf::{self, ARM64, small_bootstrap};
use crate::http::get;
use crate::server::{Server, mark, processes_with};
use crate::tool::{Tool, debug_bootstrap};

const RUNTIME: &str = "tests/tool/runtime.py";

fn python(tool: &Tool, options: &str) -> Server {
    Server::exec(
        tool,
        &format!("{options} --exec python3 {} a --listen b", std::path::absolute(RUNTIME).unwrap().display()),
    )
}

/// Sends fifty requests at once, and returns the bodies of the answered ones. The others must be throttled, and none
/// may be lost.
pub(crate) fn storm(server: &Server, target: &str) -> Vec<String> {
    let address = server.address;
    let clients: Vec<_> = (0..50)
        .map(|_| {
            let target = target.to_owned();
            thread::spawn(move || get(address, &target, ""))
        })
        .collect();
    let responses: Vec<_> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    assert_eq!(responses.len(), 50);
    let (answered, throttled): (Vec<_>, Vec<_>) = responses.into_iter().partition(|response| response.status == 200);
    for response in throttled {
        assert_eq!(response.status, 502, "{}", response.head);
        assert!(response.body.contains("LambdaThrottling"), "{}", response.body);
    }
    answered.into_iter().map(|response| response.body).collect()
}

/// Ends the server, and checks that its processes have ended too.
pub(crate) fn ends_with_all(server: Server, tool: &Tool, signal: &str) {
    assert!(!processes_with(&mark(tool)).is_empty());
    let (status, _) = server.end(signal);
    assert_eq!(status.code(), Some(0));
    assert_eq!(processes_with(&mark(tool)), [0; 0]);
}

fn pid(body: &str) -> u64 {
    serde_json::from_str::<Value>(body).unwrap()["pid"].as_u64().unwrap()
}

#[test]
fn fifty_requests_at_once_are_answered_or_throttled_by_four_pythons() {
    let tool = Tool::new();
    let server = python(&tool, "--max-environments 4");
    for _ in 0..3 {
        let answered = storm(&server, "/sleep/0.1");
        let pids: BTreeSet<_> = answered.iter().map(|body| pid(body)).collect();
        assert!((1..=4).contains(&pids.len()), "{pids:?}");
        assert!((4..50).contains(&answered.len()), "{}", answered.len());
    }
    assert_eq!(processes_with(&mark(&tool)).len(), 4);
    server.log_line("[4] ready a --listen b");
    assert!(!server.log().contains("[5]"));
    ends_with_all(server, &tool, "TERM");
}

#[test]
fn fifty_requests_at_once_are_answered_or_throttled_by_four_of_our_bootstraps() {
    let tool = Tool::new();
    elf::compile(&tool, "handler.cwasm", "");
    let server = Server::exec(&tool, &format!("--max-environments 4 --exec {}", debug_bootstrap().display()));
    for _ in 0..3 {
        let answered = storm(&server, "/a?b=1");
        assert!((1..=50).contains(&answered.len()));
        assert!(answered.iter().all(|body| body.contains("/a?b=1")), "{answered:?}");
    }
    assert!(processes_with(&mark(&tool)).len() <= 4);
    ends_with_all(server, &tool, "INT");
}

/// The program in `bench/lambda-http`. Building it takes half a minute, once.
fn lambda_http() -> PathBuf {
    let folder = std::path::absolute("bench/lambda-http").unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-lambda-http");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--locked", "--quiet", "--target-dir"]).arg(&target).current_dir(folder);
    // With the variables that cargo sets for this package, that build would rebuild everything.
    let own = |name: &str| name.starts_with("CARGO_") && name != "CARGO_HOME";
    for (name, _) in std::env::vars().filter(|(name, _)| own(name)) {
        cargo.env_remove(name);
    }
    let built = cargo.output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    target.join("debug/bench-lambda-http")
}

#[test]
fn fifty_requests_at_once_are_answered_or_throttled_by_four_programs_of_lambda_http() {
    let tool = Tool::new();
    let server = Server::exec(&tool, &format!("--max-environments 4 --exec {}", lambda_http().display()));
    let mut processes = BTreeSet::new();
    for _ in 0..3 {
        let answered = storm(&server, "/a%20b");
        assert!((1..=50).contains(&answered.len()));
        for body in answered {
            let process = body.strip_prefix("/a%20b from process ").unwrap_or_else(|| panic!("{body}"));
            processes.insert(process.to_owned());
        }
    }
    assert!((1..=4).contains(&processes.len()), "{processes:?}");
    ends_with_all(server, &tool, "TERM");
}

#[test]
fn the_function_has_the_described_settings() {
    let tool = Tool::new();
    let server = python(&tool, "--memory 256 --env STAGE=dev --timeout 3");
    let seen: Value = serde_json::from_str(&get(server.address, "/", "").body).unwrap();
    assert_eq!((seen["memory"].as_str(), seen["stage"].as_str()), (Some("256"), Some("dev")));

    let slow = get(server.address, "/sleep/600", "");
    assert_eq!(slow.status, 502);
    assert!(slow.body.contains("LambdaUnhandled") && slow.body.contains("timed out after 3.00"), "{}", slow.body);
    let exited = get(server.address, "/exit", "");
    assert_eq!(exited.status, 502);
    server.log_line("GET /exit 502 in ");
    server.log_line("Runtime exited with error: exit status 7");
    assert_eq!(get(server.address, "/", "").status, 200);
}

#[test]
fn a_signal_does_not_wait_for_an_invocation_that_never_ends() {
    let tool = Tool::new();
    let server = python(&tool, "--timeout 900");
    let address = server.address;
    let client = thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /sleep/600 HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        // The read returns nothing or an error, because the connection is closed.
        let _ = stream.read(&mut [0; 1024]);
    });
    server.log_line("[1] ready");
    let begin = Instant::now();
    ends_with_all(server, &tool, "TERM");
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
    client.join().unwrap();
}

#[test]
fn a_program_that_cannot_be_started_is_reported_at_once() {
    let tool = Tool::new();
    let serve = "serve --listen 127.0.0.1:0 --exec";
    tool.run(&format!("{serve} ./no-such-program")).failed(&["cannot start ./no-such-program", "--exec ./bootstrap"]);
    tool.run(&format!("{serve} no-such-program")).failed(&["cannot start no-such-program", "no such program in PATH"]);
    if cfg!(target_arch = "x86_64") {
        tool.write("bootstrap", small_bootstrap(ARM64, b""));
        tool.run(&format!("{serve} ./bootstrap"))
            .failed(&["./bootstrap is a program for arm64", "this machine is x86_64"]);
    }
}
