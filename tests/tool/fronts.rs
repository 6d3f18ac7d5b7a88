//! `event`, `invoke`, `serve --record` and `invoke --diff` with the events of every front end, and with those that are
//! not HTTP requests.

use serde_json::{Value, json};

use crate::http::{get, post};
use crate::server::Server;
use crate::tool::Tool;
use crate::wasm::MIRROR;

/// The options of each front end, and what its paths begin with.
const FRONTS: [(&str, &str); 9] = [
    ("--front alb", ""),
    ("--front alb --multi-value-headers", ""),
    ("--front url", ""),
    ("--front http-api", ""),
    ("--front http-api --stage live", "/live"),
    ("--front http-api-1 --stage live", "/live"),
    ("--front rest --stage live", "/live"),
    ("--front lattice", ""),
    ("--front lattice-1", ""),
];

fn mirror() -> Tool {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    tool
}

fn samples(tool: &Tool) -> serde_json::Map<String, Value> {
    let list = tool.run("event --list").succeeded().json();
    list.as_object().unwrap().clone()
}

#[test]
fn each_sample_goes_into_invoke() {
    let tool = mirror();
    let (mut requests, mut others) = (0, 0);
    for (name, sample) in samples(&tool) {
        let event = sample.to_string();
        let unset = tool.run_on("invoke mirror.wasm -", event.as_bytes());
        let mut command = tool.command("invoke mirror.wasm -");
        command.env("FUNCSERVER_EVENTS_PATH", "/tasks/{source}");
        let ended = tool.finish(command, event.as_bytes()).succeeded();
        if unset.code == 0 {
            requests += 1;
            assert_eq!(unset.json()["statusCode"], 200, "{name}: {}", unset.stdout);
            assert_eq!(ended.json()["statusCode"], 200, "{name}: {}", ended.stdout);
            continue;
        }
        others += 1;
        assert_eq!((unset.code, &unset.json()["errorType"]), (3, &json!("Funcserver.NotHttp")), "{name}");
        // The mirror's answer is the result itself.
        let result = ended.json();
        let source = name.split(',').next().unwrap();
        assert_eq!(result["path_with_query"], format!("/tasks/{source}"), "{name}: {result}");
    }
    assert_eq!((requests, others), (8, 13));
}

#[test]
fn a_batch_is_split_as_in_lambda() {
    let tool = mirror();
    for (name, batch) in samples(&tool) {
        let is_batch = ["sqs", "kinesis", "dynamodb"].contains(&name.split(',').next().unwrap());
        if !is_batch {
            continue;
        }
        let mut command = tool.command("invoke mirror.wasm -");
        command.env("FUNCSERVER_EVENTS_PATH", "/tasks/{source}").env("FUNCSERVER_EVENTS_SPLIT", "true");
        let ended = tool.finish(command, batch.to_string().as_bytes()).succeeded();
        assert_eq!(ended.json(), json!({ "batchItemFailures": [] }), "{name}");
        let mut command = tool.command("invoke mirror.wasm -");
        command.env("FUNCSERVER_EVENTS_PATH", "/tasks").env("FUNCSERVER_EVENTS_SPLIT", "true");
        command.env("FUNCSERVER_GUEST_ENV", r#"{"ACT":"trap"}"#);
        let ended = tool.finish(command, batch.to_string().as_bytes()).succeeded();
        let failures = ended.json()["batchItemFailures"].as_array().unwrap().len();
        assert_eq!(failures, batch["Records"].as_array().unwrap().len(), "{name}");
    }
}

#[test]
fn each_front_end_answers_records_and_compares() {
    let tool = mirror();
    for (number, (options, prefix)) in FRONTS.into_iter().enumerate() {
        let folder = format!("recorded-{number}");
        let server = Server::start(&tool, &format!("mirror.wasm --record {folder} {options}"));
        let answer = get(server.address, &format!("{prefix}/a%20b?x=1"), "cookie: a=1\r\n");
        assert_eq!(answer.status, 200, "{options}: {}", answer.body);
        let seen: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(seen["path_with_query"], "/a%20b?x=1", "{options}");
        assert_eq!(post(server.address, &format!("{prefix}/b"), b"hello").status, 200, "{options}");
        assert_eq!(get(server.address, &format!("{prefix}/c"), "x-act: trap\r\n").status, 500, "{options}");
        server.end("TERM");

        // The mirror shows the request id and the deadline of each invocation, and so do its replies.
        let ended = tool.run(&format!("invoke mirror.wasm {folder} --diff"));
        assert!(ended.stdout.contains("0003-GET-"), "{options}: {}", ended.stdout);
        let same = ended.stdout.lines().filter(|line| line.ends_with(": same")).count();
        assert_eq!((ended.code, same), (4, 1), "{options}: {}", ended.stdout);

        // The same component that answers otherwise.
        let mut command = tool.command(&format!("invoke mirror.wasm {folder} --diff"));
        command.env("FUNCSERVER_GUEST_ENV", r#"{"ACT":"ignore-body"}"#);
        let ended = tool.finish(command, b"");
        assert_eq!((ended.code, ended.stdout.matches("+not read").count()), (4, 2), "{options}: {}", ended.stdout);
    }
}

#[test]
fn the_example_gives_recorded_replies_again_behind_each_front_end() {
    let tool = Tool::new();
    for (number, (options, prefix)) in FRONTS.into_iter().enumerate() {
        let folder = format!("recorded-{number}");
        let server = Server::start(&tool, &format!("--record {folder} {options}"));
        for path in ["/", "/products?page=1", "/nowhere"] {
            get(server.address, &format!("{prefix}{path}"), "cookie: a=1\r\n");
        }
        server.end("TERM");
        let ended = tool.run(&format!("invoke {folder} --diff")).succeeded();
        assert_eq!(ended.stdout.matches(": same\n").count(), 3, "{options}: {}", ended.stdout);
    }
}
