//! Tests of environments and fleets, with a custom runtime in Python (`runtime.py`).

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use funcserver_local::environment::{Environment, Fleet, Line, LineSink, OutputStream, Program};
use funcserver_local::{Function, InvocationError, InvocationErrorKind};
use serde_json::{Value, json};

fn python(start: &str) -> Program {
    // cargo starts tests in the package's folder.
    let here = std::env::current_dir().unwrap();
    let mut program = Program::new("python3", &here);
    program.arguments = vec![here.join("tests/runtime.py").into()];
    program.variables.insert("PATH".into(), std::env::var_os("PATH").unwrap_or_default());
    if let Some(home) = std::env::var_os("HOME") {
        program.variables.insert("HOME".into(), home);
    }
    program.variables.insert("START".into(), start.into());
    program
}

/// A function with generous limits, because Python may be slow on a busy machine.
fn function() -> Function {
    Function { timeout: Duration::from_secs(30), init_timeout: Duration::from_secs(60), ..Function::default() }
}

fn quiet() -> LineSink {
    Arc::new(|_: &Line| {})
}

async fn environment(start: &str) -> Environment {
    Environment::start(&function(), &python(start), &quiet(), 1).await.unwrap()
}

fn event(act: &str) -> Bytes {
    json!({ "do": act }).to_string().into()
}

fn json(reply: Result<Bytes, InvocationError>) -> Value {
    serde_json::from_slice(&reply.unwrap()).unwrap()
}

/// Waits until the process has ended. A process that has ended but is not reaped yet counts too.
async fn assert_gone(process_id: u32) {
    let give_up = Instant::now() + Duration::from_secs(10);
    while runs(process_id) {
        assert!(Instant::now() < give_up, "process {process_id} still runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn runs(process_id: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{process_id}/stat")) {
        Ok(stat) => !stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X'])),
        Err(_) => false,
    }
}

#[tokio::test]
async fn a_program_starts_as_in_lambda_and_answers_repeatedly() {
    let environment = environment("").await;
    let seen = json(environment.invoke(event("env")).await);
    let root = std::env::current_dir().unwrap();
    assert_eq!(seen["cwd"], root.to_str().unwrap());
    assert_eq!(seen["env"]["LAMBDA_TASK_ROOT"], root.to_str().unwrap());
    assert_eq!(seen["env"]["AWS_LAMBDA_FUNCTION_NAME"], "function");
    assert_eq!(seen["env"]["_HANDLER"], "bootstrap");
    assert_eq!(seen["env"].get("CARGO_MANIFEST_DIR"), None, "the caller's environment leaks");
    let first = json(environment.invoke(event("")).await);
    let second = json(environment.invoke(event("")).await);
    assert_eq!(first["body"], second["body"]);
    assert!(environment.alive());
    environment.shut_down().await;
    assert!(!environment.alive());
}

#[tokio::test]
async fn an_error_of_the_function_is_returned_and_does_not_end_the_process() {
    let environment = environment("").await;
    let error = environment.invoke(event("raise")).await.unwrap_err();
    assert_eq!(error, InvocationError::function("ValueError", "out of cheese"));
    assert!(environment.invoke(event("")).await.is_ok());
}

#[tokio::test]
async fn exits_are_reported_as_lambda_reports_them() {
    for (act, words) in [
        ("exit 1", "Runtime exited with error: exit status 1"),
        ("exit 0", "Runtime exited without providing a reason"),
        ("kill", "Runtime exited with error: signal: killed"),
    ] {
        let environment = environment("").await;
        let error = environment.invoke(event(act)).await.unwrap_err();
        assert_eq!((&error.kind, error.error_type()), (&InvocationErrorKind::Exited, "Runtime.ExitError"));
        assert!(error.message.starts_with("RequestId: ") && error.message.ends_with(words), "{}", error.message);
        assert!(!environment.alive());
    }
}

#[tokio::test]
async fn the_error_of_a_failed_start_has_the_reason() {
    let error = environment("init-error").await.invoke(event("")).await.unwrap_err();
    assert_eq!(error.kind, InvocationErrorKind::Init("Runtime.NoCheese".into()));
    assert_eq!(error.message, "no cheese in the house");

    let error = environment("exit").await.invoke(event("")).await.unwrap_err();
    assert_eq!(error.kind, InvocationErrorKind::Exited);
    assert!(error.message.ends_with("exit status 7"), "{}", error.message);

    let hasty = Function { init_timeout: Duration::from_millis(300), ..function() };
    let environment = Environment::start(&hasty, &python("hang"), &quiet(), 1).await.unwrap();
    let error = environment.invoke(event("")).await.unwrap_err();
    assert_eq!(error.kind, InvocationErrorKind::TimedOut);
    assert!(error.message.ends_with("timed out after 0.30 seconds"), "{}", error.message);
    assert!(!environment.alive());
}

#[tokio::test]
async fn the_error_names_a_missing_program() {
    let program = Program::new("/no/such/bootstrap", "/");
    let error = Environment::start(&function(), &program, &quiet(), 1).await.unwrap_err();
    assert_eq!((&error.kind, error.error_type()), (&InvocationErrorKind::Entrypoint, "Runtime.InvalidEntrypoint"));
    assert!(error.message.contains("/no/such/bootstrap"), "{}", error.message);
}

#[tokio::test]
async fn a_timeout_kills_the_whole_process_group() {
    let hasty = Function { timeout: Duration::from_secs(3), ..function() };
    let environment = Environment::start(&hasty, &python(""), &quiet(), 1).await.unwrap();
    let child = json(environment.invoke(event("child")).await)["child"].as_u64().unwrap();
    let child = u32::try_from(child).unwrap();
    assert!(runs(child));
    let error = environment.invoke(event("sleep 30")).await.unwrap_err();
    assert_eq!(error.error_type(), "Sandbox.Timedout");
    assert!(error.message.ends_with("Error: Task timed out after 3.00 seconds"), "{}", error.message);
    assert_gone(environment.process_id()).await;
    assert_gone(child).await;
}

#[tokio::test]
async fn a_shutdown_cancels_events_that_take_too_long() {
    let fleet = Arc::new(Fleet::new(function(), python(""), 2, quiet()));
    fleet.invoke(event("")).await.unwrap();
    let busy = fleet.clone();
    let invoked = tokio::spawn(async move { busy.invoke(event("sleep 600")).await });
    // Wait until the event is being handled.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let processes = fleet.process_ids();
    assert_eq!(fleet.shut_down_after(Duration::from_millis(100)).await, 1);
    assert!(!processes.iter().any(|id| runs(*id)));
    assert_eq!(invoked.await.unwrap().unwrap_err().error_type(), "Fleet.Closed");
}

#[tokio::test]
async fn output_is_delivered_line_by_line() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    let output: LineSink = Arc::new(move |line: &Line| sink.lock().unwrap().push(line.clone()));
    let environment = Environment::start(&function(), &python(""), &output, 42).await.unwrap();
    environment.invoke(event("print hello")).await.unwrap();
    let give_up = Instant::now() + Duration::from_secs(10);
    while lines.lock().unwrap().len() < 2 {
        assert!(Instant::now() < give_up, "{lines:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let seen = lines.lock().unwrap().clone();
    assert!(seen.contains(&Line { environment: 42, stream: OutputStream::Stdout, text: "hello".into() }), "{seen:?}");
    assert!(seen.contains(&Line { environment: 42, stream: OutputStream::Stderr, text: "HELLO".into() }), "{seen:?}");
}

#[tokio::test]
async fn an_extension_receives_the_shutdown_event() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    let output: LineSink = Arc::new(move |line: &Line| sink.lock().unwrap().push(line.text.clone()));
    let environment = Environment::start(&function(), &python("extension"), &output, 1).await.unwrap();
    environment.invoke(event("")).await.unwrap();
    environment.shut_down().await;
    let give_up = Instant::now() + Duration::from_secs(10);
    while !lines.lock().unwrap().iter().any(|line| line == "leaving") {
        assert!(Instant::now() < give_up, "{lines:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_concurrent_events_are_answered_or_throttled_by_four_environments() {
    let fleet = Arc::new(Fleet::new(function(), python(""), 4, quiet()));
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let fleet = fleet.clone();
        calls.spawn(async move { fleet.invoke(event("sleep 2")).await });
    }
    let (mut answered, mut throttled) = (0, 0);
    while let Some(call) = calls.join_next().await {
        match call.unwrap() {
            Ok(_) => answered += 1,
            Err(error) if error.kind == InvocationErrorKind::Throttled => throttled += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((answered, throttled), (4, 46));
    let process_ids = fleet.process_ids();
    assert_eq!(process_ids.len(), 4);
    drop(fleet);
    for process_id in process_ids {
        assert_gone(process_id).await;
    }
}

#[tokio::test]
async fn idle_environments_are_reused_and_dead_ones_replaced() {
    let fleet = Fleet::new(function(), python(""), 2, quiet());
    let first = json(fleet.invoke(event("")).await)["body"].clone();
    assert_eq!(json(fleet.invoke(event("")).await)["body"], first);
    assert_eq!(fleet.started(), 1);

    assert_eq!(fleet.invoke(event("exit 1")).await.unwrap_err().kind, InvocationErrorKind::Exited);
    assert_ne!(json(fleet.invoke(event("")).await)["body"], first);
    assert_eq!(fleet.started(), 2);

    // The end of an idle process is noticed too.
    let [idle] = fleet.process_ids()[..] else { panic!("{:?}", fleet.process_ids()) };
    let pid = rustix::process::Pid::from_raw(idle.try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    assert_gone(idle).await;
    // The process has ended, and the fleet needs a moment to notice it.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(fleet.invoke(event("")).await.is_ok());
    assert_eq!(fleet.started(), 3);

    fleet.shut_down().await;
    assert!(fleet.process_ids().is_empty());
    assert_eq!(fleet.invoke(event("")).await.unwrap_err().kind, InvocationErrorKind::Throttled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_a_fleet_leaves_no_process_behind() {
    let fleet = Arc::new(Fleet::new(function(), python(""), 3, quiet()));
    let mut busy = Vec::new();
    for _ in 0..3 {
        let fleet = fleet.clone();
        // The future is dropped at its first wait, but the event is still handled.
        let started =
            tokio::time::timeout(Duration::from_millis(1), async move { fleet.invoke(event("sleep 30")).await });
        assert!(started.await.is_err());
    }
    let give_up = Instant::now() + Duration::from_secs(30);
    while busy.len() < 3 {
        assert!(Instant::now() < give_up, "only {} have started", busy.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
        busy = fleet.process_ids();
    }
    assert_eq!(fleet.invoke(event("")).await.unwrap_err().kind, InvocationErrorKind::Throttled);
    drop(fleet);
    for process_id in busy {
        assert_gone(process_id).await;
    }
}

#[tokio::test]
async fn an_environment_is_ready_before_the_first_event_and_between_events() {
    let environment = environment("").await;
    for _ in 0..2 {
        environment.ready().await.unwrap();
        json(environment.invoke(event("")).await);
    }
    environment.kill();
    while environment.alive() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(environment.ready().await.unwrap_err().kind, InvocationErrorKind::Exited);
}

#[tokio::test]
async fn a_program_that_fails_to_start_is_never_ready() {
    let environment = Environment::start(&function(), &Program::new("/bin/false", "/"), &quiet(), 1).await.unwrap();
    assert_eq!(environment.ready().await.unwrap_err().kind, InvocationErrorKind::Exited);
}

/// An extension that registers, waits for the shutdown, and writes both to the file `NOTES`.
const EXTENSION: &str = r#"#!/usr/bin/env python3
import http.client, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
def call(method, path, headers, body=None):
    api.request(method, "/2020-01-01/extension/" + path, body, headers)
    reply = api.getresponse()
    reply.read()
    return reply
def note(text):
    with open(os.environ["NOTES"], "a") as notes: notes.write(text + "\n")
reply = call("POST", "register", {"Lambda-Extension-Name": "noter"}, '{"events": ["SHUTDOWN"]}')
note("registered")
call("GET", "event/next", {"Lambda-Extension-Identifier": reply.headers["Lambda-Extension-Identifier"]})
note("shutdown")
"#;

fn with_extension(folder: &Path, text: &str) -> Program {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join("extension");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut program = python("");
    program.extensions = vec![path];
    program.variables.insert("NOTES".into(), folder.join("notes").into());
    program
}

#[tokio::test]
async fn extensions_register_before_the_program_starts() {
    let folder = tempfile::tempdir().unwrap();
    let program = with_extension(folder.path(), EXTENSION);
    let environment = Environment::start(&function(), &program, &quiet(), 1).await.unwrap();
    assert!(environment.has_extension());
    json(environment.invoke(event("")).await);
    let processes = environment.process_ids();
    assert_eq!(processes.len(), 2);
    environment.shut_down().await;
    let notes = std::fs::read_to_string(folder.path().join("notes")).unwrap();
    assert_eq!(notes, "registered\nshutdown\n");
    for process in processes {
        assert_gone(process).await;
    }
}

#[tokio::test]
async fn the_error_names_an_extension_that_ended_early() {
    let folder = tempfile::tempdir().unwrap();
    let program = with_extension(folder.path(), "#!/bin/sh\nexit 3\n");
    let error = Environment::start(&function(), &program, &quiet(), 1).await.unwrap_err();
    assert_eq!(error.kind, InvocationErrorKind::Init("Extension.Crash".into()));
    assert!(error.message.contains("extension: it ended before it registered"), "{error}");
}
