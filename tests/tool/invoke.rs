//! `funcserver invoke`.

use serde_json::{Value, json};

use crate::tool::Tool;
use crate::wasm::MIRROR;

fn event(path: &str, act: &str) -> String {
    json!({ "httpMethod": "GET", "path": path, "headers": { "host": "test", "x-act": act } }).to_string()
}

fn mirror() -> Tool {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    tool
}

#[test]
fn an_event_from_a_file_is_answered_by_the_example() {
    let tool = Tool::new();
    tool.write("event.json", r#"{"httpMethod": "GET", "path": "/products", "headers": {}}"#);
    let ended = tool.run("invoke event.json").succeeded();
    let reply = ended.json();
    assert_eq!(reply["statusCode"], 200);
    assert!(reply["body"].as_str().unwrap().contains("Products"), "{reply}");
    assert!(ended.stdout.lines().count() > 5, "{}", ended.stdout);
    assert!(ended.stderr.contains("using the built-in example"), "{}", ended.stderr);
}

#[test]
fn an_event_from_stdin_is_answered_by_a_component() {
    let tool = mirror();
    let ended = tool.run_on("invoke mirror.wasm -", event("/a", "state").as_bytes()).succeeded();
    assert_eq!(ended.json()["statusCode"], 200);
}

#[test]
fn a_raw_reply_is_what_the_load_balancer_gets() {
    let tool = mirror();
    tool.write("event.json", event("/a", "state"));
    let raw = tool.run("invoke mirror.wasm event.json --raw").succeeded();
    assert!(!raw.stdout.contains('\n'), "{}", raw.stdout);
    let pretty = tool.run("invoke mirror.wasm event.json").succeeded();
    assert_eq!(raw.json(), pretty.json());
}

#[test]
fn the_log_of_the_guest_is_on_stderr() {
    let tool = mirror();
    let ended = tool.run_on("invoke mirror.wasm -", event("/", "stdout:hello").as_bytes()).succeeded();
    assert!(ended.stderr.contains("hello"), "{}", ended.stderr);
    assert!(!ended.stdout.contains("hello\n"), "{}", ended.stdout);
}

#[test]
fn work_after_the_reply_is_done_before_the_end() {
    let tool = mirror();
    let ended = tool.run_on("invoke mirror.wasm -", event("/", "after:300").as_bytes()).succeeded();
    assert_eq!(ended.json()["statusCode"], 200);
    assert!(ended.stderr.contains("worked after the answer"), "{}", ended.stderr);
}

#[test]
fn an_event_of_something_else_is_an_invocation_error() {
    let tool = Tool::new();
    for event in [r#"{"Records": [{"eventSource": "aws:sqs"}]}"#, "no JSON", "", "[]", "\u{0}"] {
        let ended = tool.run_on("invoke -", event.as_bytes());
        assert_eq!(ended.code, 3, "{event}: {}", ended.stderr);
        let error = ended.json();
        assert!(error["errorType"].is_string() && error["errorMessage"].is_string(), "{error}");
        assert!(ended.stderr.contains("error: the invocation failed"), "{}", ended.stderr);
    }
}

#[test]
fn a_wrong_event_and_a_faulty_guest_are_replies() {
    let tool = mirror();
    let wrong = json!({ "httpMethod": "GET", "path": "/", "headers": {}, "body": "%", "isBase64Encoded": true });
    for (event, status) in [(wrong.to_string(), 400), (event("/", "trap"), 500)] {
        let ended = tool.run_on("invoke mirror.wasm -", event.as_bytes()).succeeded();
        assert_eq!(ended.json()["statusCode"], status, "{}", ended.stderr);
        assert_ne!(ended.json()["headers"]["x-funcserver-error"], Value::Null);
    }
}

#[test]
fn a_missing_event_is_named() {
    Tool::new().run("invoke nothing.json").failed(&["nothing.json", "or - for stdin"]);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    use std::process::Stdio;
    let tool = mirror();
    tool.write("event.json", event("/", "print-long:10"));
    let mut command = tool.command("invoke mirror.wasm event.json");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(crate::tool::wait(&mut child, std::time::Duration::from_secs(60)).code(), Some(0));
}

#[test]
fn an_event_may_have_a_byte_order_mark_and_no_other_encoding() {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    let text = event("/a", "");
    tool.write("a.json", format!("\u{feff}{text}"));
    tool.run("invoke mirror.wasm a.json").succeeded();
    let little: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [little, big] {
        tool.write("a.json", &bytes);
        tool.run("invoke mirror.wasm a.json").failed(&["a.json", "UTF-16"]);
        tool.run_on("invoke mirror.wasm -", &bytes).failed(&["stdin", "UTF-16"]);
    }
}

#[test]
fn what_has_no_end_is_read_to_a_bound() {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    tool.write("a.json", event("/", ""));
    for name in ["event.json", "reply.event.json", "zero.wasm", "settings", "boot"] {
        std::os::unix::fs::symlink("/dev/zero", tool.path(name)).unwrap();
    }
    let most = ", the limit";
    tool.run("invoke mirror.wasm event.json").failed(&["event.json", most]);
    tool.run("invoke zero.wasm a.json").failed(&["zero.wasm", most]);
    tool.run("event POST / -d @event.json").failed(&["event.json", most]);
    tool.run("bundle mirror.wasm --bootstrap boot").failed(&["boot", most]);
    std::fs::rename(tool.path("settings"), tool.path("funcserver.toml")).unwrap();
    tool.run("inspect mirror.wasm").failed(&["funcserver.toml", most]);
}
