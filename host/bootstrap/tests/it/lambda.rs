//! The executable under a Runtime API: its answers, its report of a failed start, and its end.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use bytes::Bytes;
use funcserver_engine::{Arch, Target, compile};
use funcserver_local::InvocationErrorKind;
use serde_json::Value;

use crate::common::root::{BOOTSTRAP, Root, status};
use funcserver_test_guest::{CoreHandler, act};

#[tokio::test]
async fn events_are_answered_one_after_the_other() {
    let root = Root::with_component("handler.cwasm");
    let environment = root.start().await;
    for (name, expected) in [("state", 200), ("trap", 500), ("grow", 500), ("stack", 500), ("state", 200)] {
        let reply = environment.invoke(act(name).to_string().into()).await.unwrap();
        assert_eq!(status(&reply), expected, "{name}");
    }
    assert!(environment.alive());
}

#[tokio::test]
async fn an_event_of_another_source_is_an_invocation_error_and_the_next_is_served() {
    let root = Root::with_component("handler.cwasm");
    let environment = root.start().await;
    for event in [&b"{\"Records\":[]}"[..], b"no json"] {
        let error = environment.invoke(Bytes::from_static(event)).await.unwrap_err();
        assert_eq!(error.kind, InvocationErrorKind::Function("Funcserver.NotHttp".into()));
    }
    assert_eq!(status(&environment.invoke(act("state").to_string().into()).await.unwrap()), 200);
}

#[tokio::test]
async fn the_component_is_found_by_handler_and_by_variable() {
    let mut by_handler = Root::with_component("shop.cwasm");
    by_handler.handler = "shop";
    assert_eq!(status(&by_handler.invoke(&act("state")).await.unwrap()), 200);
    let mut by_variable = Root::with_component("other.cwasm");
    by_variable.variables = vec![("FUNCSERVER_COMPONENT", "other.cwasm")];
    assert_eq!(status(&by_variable.invoke(&act("state")).await.unwrap()), 200);
}

#[tokio::test]
async fn settings_come_from_the_zip_and_the_environment() {
    let mut root = Root::with_component("handler.cwasm").with_file("funcserver.toml", "[limits]\nmemory = \"16MiB\"\n");
    assert_eq!(status(&root.invoke(&act("grow:32")).await.unwrap()), 500);
    root.variables = vec![("FUNCSERVER_LIMITS_MEMORY", "64MiB")];
    assert_eq!(status(&root.invoke(&act("grow:32")).await.unwrap()), 200);
}

#[tokio::test]
async fn an_instance_serves_as_many_events_as_the_settings_say() {
    let mut root = Root::with_component("handler.cwasm").with_file("funcserver.toml", "[guest]\nreuse = 3\n");
    root.variables = vec![("FUNCSERVER_GUEST_IDLE", "60s")];
    let environment = root.start().await;
    let mut counts = Vec::new();
    for name in ["state", "state", "state", "state", "trap", "state"] {
        let reply = environment.invoke(act(name).to_string().into()).await.unwrap();
        let reply: Value = serde_json::from_slice(&reply).unwrap();
        counts.push(reply["body"].as_str().unwrap().to_owned());
    }
    let expected = |count| format!("{{\"requests\":{count}}}");
    assert_eq!(counts[..4], [1, 2, 3, 1].map(expected));
    assert_eq!(counts[5], expected(1), "after a trap");
}

#[tokio::test]
async fn the_warm_up_comes_before_the_first_event_and_may_fail() {
    let mut root = Root::with_component("handler.cwasm");
    root.variables = vec![("FUNCSERVER_COMPONENT_WARMUP", "/ready"), ("AWS_LAMBDA_LOG_LEVEL", "DEBUG")];
    let environment = root.start().await;
    assert_eq!(status(&environment.invoke(act("stdout:an event").to_string().into()).await.unwrap()), 200);
    environment.shut_down().await;
    let lines = root.lines.lock().unwrap().clone();
    let at =
        |text: &str| lines.iter().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}: {lines:?}"));
    assert!(at("the warm-up has ended") < at("an event"), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("failed")), "{lines:?}");

    root.variables.push(("FUNCSERVER_GUEST_ENV", r#"{"ACT": "trap"}"#));
    let environment = root.start().await;
    assert_eq!(status(&environment.invoke(act("state").to_string().into()).await.unwrap()), 200);
    environment.shut_down().await;
    let lines = root.lines.lock().unwrap().join("\n");
    assert!(lines.contains("the warm-up failed") && lines.contains("/ready"), "{lines}");
}

#[tokio::test]
async fn events_are_answered_after_a_restore_from_a_snapshot() {
    let mut root = Root::with_component("handler.cwasm");
    root.variables = vec![("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")];
    let environment = root.start().await;
    for _ in 0..2 {
        assert_eq!(status(&environment.invoke(act("random").to_string().into()).await.unwrap()), 200);
    }
}

#[tokio::test]
async fn faults_can_be_invocation_errors_and_a_metric() {
    let mut root = Root::with_component("handler.cwasm");
    root.variables = vec![("FUNCSERVER_LIMITS_FAIL", "error"), ("FUNCSERVER_LOG_METRICS", "true")];
    let environment = root.start().await;
    for (name, kind) in [("trap", "Funcserver.Fault.trap"), ("short-body", "Funcserver.Fault.length")] {
        let error = environment.invoke(act(name).to_string().into()).await.unwrap_err();
        assert_eq!(error.kind, InvocationErrorKind::Function(kind.into()), "{error}");
    }
    assert_eq!(status(&environment.invoke(act("state").to_string().into()).await.unwrap()), 200);
    environment.shut_down().await;
    let lines = root.lines.lock().unwrap().clone();
    let counted: Vec<Value> =
        lines.iter().filter(|line| line.contains("_aws")).map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = counted.iter().map(|metric| metric["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["trap", "length"], "{lines:?}");
}

#[tokio::test]
async fn a_component_gets_the_variables_and_files_that_are_granted() {
    let mut root = Root::with_component("handler.cwasm").with_file(
        "funcserver.toml",
        "[guest]\nassets = 'public'\ntmp = true\ninherit-env = ['API_KEY']\n\n[guest.env]\nSTAGE = 'test'\n",
    );
    let missing = root.init_error().await;
    assert!(missing.contains("API_KEY"), "{missing}");
    root.variables = vec![("API_KEY", "s3cret")];
    let missing = root.init_error().await;
    assert!(missing.contains("guest.assets is ") && missing.contains("funcserver bundle"), "{missing}");

    std::fs::create_dir(root.folder.path().join("public")).unwrap();
    std::fs::write(root.folder.path().join("public/page"), "a page").unwrap();
    let environment = root.start().await;
    for (name, expected) in [
        ("read:/page", "a page"),
        ("write:/tmp/note", "/tmp/note"),
        ("list:/tmp", "\"names\":[]"),
        ("env", "[[\"API_KEY\",\"s3cret\"],[\"STAGE\",\"test\"]]"),
    ] {
        let reply: Value =
            serde_json::from_slice(&environment.invoke(act(name).to_string().into()).await.unwrap()).unwrap();
        let body = reply["body"].as_str().unwrap();
        assert!(body.contains(expected), "{name}: {body}");
    }
    environment.shut_down().await;
    let lines = root.lines.lock().unwrap().join("\n");
    assert!(!lines.contains("s3cret"), "{lines}");
}

#[tokio::test]
async fn the_log_is_as_lambda_asks_for_it() {
    let mut root = Root::with_component("handler.cwasm");
    root.variables = vec![("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", "WARN")];
    let environment = root.start().await;
    environment.invoke(act("stdout:quiet").to_string().into()).await.unwrap();
    environment.invoke(act("stderr:loud").to_string().into()).await.unwrap();
    environment.shut_down().await;
    let lines = root.lines.lock().unwrap().clone();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!((line["message"].as_str(), line["stream"].as_str()), (Some("loud"), Some("stderr")));
    assert!(line["requestId"].as_str().is_some_and(|id| !id.is_empty()));
}

#[tokio::test]
async fn a_start_that_fails_says_what_to_do() {
    let other = Arch::ALL.into_iter().find(|arch| Some(*arch) != Arch::host()).unwrap();
    let foreign = compile::compile(funcserver_test_guest::WASM, Target::Lambda(other)).unwrap();
    let good = compile::compile(funcserver_test_guest::WASM, Target::Host).unwrap();
    let facts = format!(
        r#"{{"name":"x","sha256":"","length":{},"source_sha256":"","source_length":0,"exports":[],"imports":[],
            "proposals":[],"calls":"nested","wasmtime":"{}","funcserver":"{}","target":"{}"}}"#,
        good.len() + 1,
        funcserver_engine::WASMTIME_VERSION,
        env!("CARGO_PKG_VERSION"),
        Target::Host.triple()
    );
    let cases = [
        (Root::empty(), "funcserver bundle"),
        (Root::empty().with_file("handler.cwasm", b""), "empty"),
        (Root::empty().with_file("handler.cwasm", b"text"), "text"),
        (Root::empty().with_file("handler.cwasm", b"\0asm\x01\0\0\0"), "core WebAssembly module"),
        (Root::empty().with_file("handler.cwasm", funcserver_test_guest::WASM), "funcserver build"),
        (Root::empty().with_file("handler.cwasm", &foreign), "--arch"),
        (Root::empty().with_file("handler.cwasm", &good[..good.len() / 2]), "handler.cwasm"),
        (Root::empty().with_file("handler.cwasm", &good).with_file("handler.cwasm.json", facts), "bytes"),
        (Root::with_component("handler.cwasm").with_file("funcserver.toml", "[limits]\nmemori = 1\n"), "memory"),
        (Root::with_component("handler.cwasm").with_file("funcserver.toml", "= 1\n"), "funcserver.toml:1"),
    ];
    for (root, expected) in &cases {
        let message = root.init_error().await;
        assert!(message.contains(expected), "{expected}: {message}");
    }
    let mut misspelt = Root::with_component("handler.cwasm");
    misspelt.variables = vec![("FUNCSERVER_LIMIT_MEMORY", "64MiB")];
    let message = misspelt.init_error().await;
    assert!(message.contains("FUNCSERVER_LIMITS_MEMORY"), "{message}");
}

#[tokio::test]
async fn a_component_that_uses_what_the_function_does_not_allow_is_not_started() {
    let good = compile::compile(funcserver_test_guest::WASM, Target::Host).unwrap();
    let facts = format!(
        r#"{{"name":"x","sha256":"","length":{},"source_sha256":"","source_length":0,"exports":[],"imports":[],
            "proposals":["gc","simd"],"calls":"nested","wasmtime":"{}","funcserver":"{}","target":"{}"}}"#,
        good.len(),
        funcserver_engine::WASMTIME_VERSION,
        env!("CARGO_PKG_VERSION"),
        Target::Host.triple()
    );
    let mut root = Root::empty()
        .with_file("handler.cwasm", &good)
        .with_file("handler.cwasm.json", &facts)
        .with_file("funcserver.toml", "[component]\nproposals = ['simd']\n");
    let message = root.init_error().await;
    assert!(message.contains("handler.cwasm uses \"gc\", which component.proposals does not allow"), "{message}");
    root.variables = vec![("FUNCSERVER_COMPONENT_PROPOSALS", "gc,simd")];
    assert_eq!(status(&root.invoke(&act("state")).await.unwrap()), 200);

    // Without its facts file, the proposals of a component are unknown.
    std::fs::remove_file(root.folder.path().join("handler.cwasm.json")).unwrap();
    let message = root.init_error().await;
    assert!(message.contains("are unknown without") && message.contains("handler.cwasm.json"), "{message}");
}

#[tokio::test]
async fn missing_imports_trap_only_if_the_settings_say_so() {
    let package = "package acme:store@1.0.0; interface kv { count: func() -> u32; }";
    let handler = |code| {
        let imports = "import acme:store/kv@1.0.0;";
        let handler = CoreHandler { packages: &[package], imports, code, ..CoreHandler::default() };
        compile::compile(&handler.component(), Target::Host).unwrap()
    };
    let mut root = Root::empty().with_file("handler.cwasm", handler(""));
    let message = root.init_error().await;
    assert!(
        message.contains("it imports `acme:store/kv@1.0.0`, which this host does not have")
            && message.contains("set component.missing-imports = \"trap\""),
        "{message}"
    );
    root.variables = vec![("FUNCSERVER_COMPONENT_MISSING_IMPORTS", "trap")];
    assert_eq!(status(&root.invoke(&act("state")).await.unwrap()), 200);

    let root = Root::empty()
        .with_file("handler.cwasm", handler(r#"(drop (call $"acme:store/kv@1.0.0#count"))"#))
        .with_file("funcserver.toml", "[component]\nmissing-imports = \"trap\"\n");
    let environment = root.start().await;
    for _ in 0..2 {
        assert_eq!(status(&environment.invoke(act("state").to_string().into()).await.unwrap()), 500);
    }
    assert!(environment.alive());
    let lines = root.lines.lock().unwrap().join("\n");
    assert!(lines.contains("it called `count` of `acme:store/kv@1.0.0`, which this host does not have"), "{lines}");
}

fn by_hand(variables: &[(&str, &str)], folder: &Path) -> Output {
    let mut command = Command::new(BOOTSTRAP);
    command.env_clear().envs(variables.iter().copied()).current_dir(folder).stdin(Stdio::null());
    command.output().unwrap()
}

#[test]
fn started_by_hand_it_says_what_it_is_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let output = by_hand(&[], folder.path());
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("funcserver serve"), "{text}");
    assert!(output.stdout.is_empty());
}

/// Nothing listens at the address, so the error cannot be reported. The process still ends with a message.
#[test]
fn a_start_outside_of_a_full_environment_fails_with_words() {
    let folder = tempfile::tempdir().unwrap();
    let output = by_hand(&[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1")], folder.path());
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), "{text}");
}

#[test]
fn it_tells_its_versions() {
    let output = Command::new(BOOTSTRAP).arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for part in [env!("CARGO_PKG_VERSION"), funcserver_engine::WASMTIME_VERSION, &Target::Host.triple()] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// Lambda sends SIGTERM only if there is an extension, and kills the process after 300 ms at the earliest.
#[tokio::test]
async fn sigterm_ends_it_in_good_order() {
    for (extension, registered) in [("true", true), ("false", false)] {
        let mut root = Root::with_component("handler.cwasm");
        root.variables = vec![("FUNCSERVER_LAMBDA_EXTENSION", extension)];
        let environment = root.start().await;
        environment.invoke(act("state").to_string().into()).await.unwrap();
        assert_eq!(environment.has_extension(), registered);
        let id = environment.process_id();
        assert!(Command::new("kill").args(["-TERM", &id.to_string()]).status().unwrap().success());
        let ended = async {
            while environment.alive() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        // The limit is longer than Lambda's, because the machine may be busy.
        tokio::time::timeout(Duration::from_secs(20), ended).await.unwrap();
        environment.shut_down().await;
        let lines = root.lines.lock().unwrap().join("\n");
        assert!(lines.contains("told to end"), "{lines}");
    }
}
