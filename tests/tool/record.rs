//! `funcserver serve --record` and `funcserver invoke --diff`.

use std::fs;

use serde_json::{Value, json};

use crate::http::{get, post};
use crate::server::Server;
use crate::tool::{Ended, Tool};
use crate::wasm::MIRROR;

/// A user with the example's pages in the folder `recorded`.
fn recorded() -> Tool {
    let tool = Tool::new();
    let server = Server::start(&tool, "--record recorded");
    for target in ["/", "/products?token=secret", "/nowhere"] {
        get(server.address, target, "cookie: a=1\r\n");
    }
    post(server.address, "/", b"hello");
    server.end("TERM");
    tool
}

const NAMES: [&str; 4] = ["0001-GET", "0002-GET-products", "0003-GET-nowhere", "0004-POST"];

fn files(tool: &Tool) -> Vec<String> {
    let entries = fs::read_dir(tool.path("recorded")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    files
}

/// The call says that replies differ.
fn differs(ended: Ended) -> String {
    assert_eq!(ended.code, 4, "{}\n{}", ended.stdout, ended.stderr);
    ended.stdout
}

fn change(tool: &Tool, name: &str, change: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_slice(&tool.read(name)).unwrap();
    change(&mut value);
    tool.write(name, value.to_string());
}

#[test]
fn each_request_is_a_pair_of_files_and_nothing_is_overwritten() {
    let tool = recorded();
    let expected: Vec<_> =
        NAMES.iter().flat_map(|name| [format!("{name}.event.json"), format!("{name}.reply.json")]).collect();
    assert_eq!(files(&tool), expected);
    let event: Value = serde_json::from_slice(&tool.read("recorded/0002-GET-products.event.json")).unwrap();
    assert_eq!(event["queryStringParameters"], json!({ "token": "secret" }));

    let before: Vec<_> = expected.iter().map(|name| tool.read(&format!("recorded/{name}"))).collect();
    let server = Server::start(&tool, "--record recorded");
    get(server.address, "/", "");
    server.end("TERM");
    assert_eq!(files(&tool).len(), 10);
    assert!(tool.path("recorded/0005-GET.reply.json").is_file(), "{:?}", files(&tool));
    let after: Vec<_> = expected.iter().map(|name| tool.read(&format!("recorded/{name}"))).collect();
    assert!(before == after);
}

#[test]
fn a_recorded_reply_is_replayed_byte_for_byte() {
    let tool = recorded();
    for name in NAMES {
        let ended = tool.run(&format!("invoke recorded/{name}.event.json --raw")).succeeded();
        assert_eq!(ended.stdout.as_bytes(), tool.read(&format!("recorded/{name}.reply.json")), "{name}");
    }
}

#[test]
fn files_and_folders_are_replayed_in_order() {
    let tool = recorded();
    let ended = tool.run("invoke recorded --raw").succeeded();
    let replies: Vec<_> = NAMES
        .iter()
        .map(|name| String::from_utf8(tool.read(&format!("recorded/{name}.reply.json"))).unwrap())
        .collect();
    assert_eq!(ended.stdout.lines().collect::<Vec<_>>(), replies);
    let ended = tool.run("invoke recorded/0002-GET-products.event.json recorded/0001-GET.event.json --raw").succeeded();
    assert_eq!(ended.stdout.lines().collect::<Vec<_>>(), [&replies[1], &replies[0]]);
}

#[test]
fn what_stayed_is_the_same_and_exit_0() {
    let tool = recorded();
    let ended = tool.run("invoke recorded --diff").succeeded();
    let expected: String = NAMES.iter().map(|name| format!("recorded/{name}.event.json: same\n")).collect();
    assert_eq!(ended.stdout, expected);
    assert!(ended.stderr.contains("4 replayed, 0 different"), "{}", ended.stderr);
    tool.run("invoke recorded --diff --all").succeeded();
}

#[test]
fn what_changed_is_told_and_exit_4() {
    let tool = recorded();
    change(&tool, "recorded/0002-GET-products.reply.json", |reply| {
        let body = reply["body"].as_str().unwrap().replace("Products", "Goods");
        reply["body"] = body.into();
        reply["headers"]["content-type"] = "text/plain".into();
        reply["statusCode"] = 404.into();
        reply["statusDescription"] = "404 Not Found".into();
    });
    let diff = differs(tool.run("invoke recorded --diff"));
    for part in [
        "0001-GET.event.json: same\n",
        "0002-GET-products.event.json: different\n",
        "status: 404 -> 200\n",
        "headers:\n-content-type: text/plain\n+content-type: text/html",
        "body:\n@@ ",
    ] {
        assert!(diff.contains(part), "{part} is missing in: {diff}");
    }
    let removed = diff.lines().any(|line| line.starts_with('-') && line.contains("Goods"));
    let added = diff.lines().any(|line| line.starts_with('+') && line.contains("Products"));
    assert!(removed && added, "{diff}");
}

#[test]
fn another_component_is_compared_and_request_ids_are_left_out() {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    let server = Server::start(&tool, "mirror.wasm --record recorded");
    assert_eq!(get(server.address, "/", "x-act: trap\r\n").status, 500);
    server.end("TERM");
    tool.run("invoke mirror.wasm recorded --diff").succeeded();
    let all = differs(tool.run("invoke mirror.wasm recorded --diff --all"));
    assert!(all.contains("request id"), "{all}");
    // The built-in example knows no header x-act.
    let diff = differs(tool.run("invoke recorded --diff"));
    assert!(diff.contains("status: 500 -> 200") && diff.contains("-x-funcserver-error: trap"), "{diff}");
}

#[test]
fn an_event_without_a_reply_is_left_out_of_a_folder_and_named_alone() {
    let tool = recorded();
    fs::remove_file(tool.path("recorded/0001-GET.reply.json")).unwrap();
    let ended = tool.run("invoke recorded --diff").succeeded();
    assert!(ended.stderr.contains("warning: recorded/0001-GET.event.json is skipped"), "{}", ended.stderr);
    assert!(ended.stderr.contains("3 replayed"), "{}", ended.stderr);
    let reply = "recorded/0001-GET.reply.json";
    tool.run("invoke recorded/0001-GET.event.json --diff").failed(&[reply, "omit --diff"]);
    tool.write("a.json", "{}");
    tool.run("invoke a.json --diff").failed(&["a.json", "ends in .event.json"]);
}

#[test]
fn what_cannot_be_replayed_is_named() {
    let tool = Tool::new();
    tool.write("empty/notes.txt", "");
    tool.run("invoke empty").failed(&["empty", "funcserver serve --record empty"]);
    tool.write("mirror.wasm", MIRROR);
    tool.run("invoke mirror.wasm").failed(&["no event given"]);
    for line in ["invoke a.json --all", "invoke a.json --diff --raw"] {
        assert_eq!(tool.run(line).code, 2, "{line}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_told_before_anything_is_served() {
    let tool = Tool::new();
    tool.write("file", "");
    tool.run("serve --listen 0 --record file/recorded").failed(&["cannot record into file/recorded", "--record DIR"]);
}
