//! `funcserver inspect`.

use crate::elf;
use crate::tool::Tool;
use crate::wasm::{self, MIRROR};

#[test]
fn a_component_is_described() {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    let text = tool.run("inspect mirror.wasm").succeeded().stdout;
    for part in [
        "mirror.wasm: ",
        "exports:\n  wasi:http/incoming-handler@0.2",
        "imports:\n  ",
        "wasi:\n  wasi:cli@0.2",
        "runs here: yes",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let json = tool.run("inspect mirror.wasm --json").succeeded().json();
    assert_eq!(json["runs"], true);
    assert_eq!(json["length"], MIRROR.len());
    assert_eq!(json["handler"], "wasi:http/incoming-handler@0.2");
    assert_eq!(json["compiled"], serde_json::Value::Null);
}

#[test]
fn a_compiled_component_is_described_with_and_without_its_facts() {
    let tool = Tool::new();
    elf::compile(&tool, "mirror.cwasm", "");
    let with = tool.run("inspect mirror.cwasm --json").succeeded().json();
    assert_eq!(with["runs"], true);
    assert_eq!(with["compiled"]["hash_checked"], true);
    assert_eq!(with["compiled"]["wasmtime"], funcserver_engine::WASMTIME_VERSION);

    std::fs::remove_file(tool.path("mirror.cwasm.json")).unwrap();
    let ended = tool.run("inspect mirror.cwasm --json").succeeded();
    assert!(ended.stderr.contains("warning: could not check the hash of mirror.cwasm"), "{}", ended.stderr);
    let without = ended.json();
    assert_eq!(without["compiled"]["hash_checked"], false);
    let sorted = |report: &serde_json::Value, key: &str| {
        let mut names: Vec<_> = report[key].as_array().unwrap().iter().map(ToString::to_string).collect();
        names.sort();
        names
    };
    for key in ["imports", "exports"] {
        assert_eq!(sorted(&with, key), sorted(&without, key));
    }
}

#[test]
fn what_will_not_run_here_is_told_with_its_reasons_and_exit_1() {
    let tool = Tool::new();
    tool.write("import.wasm", wasm::unknown_import());
    let ended = tool.run("inspect import.wasm");
    assert_eq!(ended.code, 1);
    assert!(
        ended.stdout.contains("imports:\n  acme:store/kv@1.0.0") && ended.stdout.contains("runs here: no"),
        "{}",
        ended.stdout
    );
    assert!(ended.stderr.contains("error: import.wasm will not run here: "), "{}", ended.stderr);
    let json = tool.run("inspect import.wasm --json").json();
    assert_eq!(json["runs"], false);
    assert_eq!(json["reasons"].as_array().unwrap().len(), 2, "{json}");
}

#[test]
fn a_component_for_another_machine_is_described_and_does_not_run_here() {
    let tool = Tool::new();
    let other = if cfg!(target_arch = "x86_64") { "arm64" } else { "x86_64" };
    elf::compile(&tool, "mirror.cwasm", &format!("--arch {other}"));
    let ended = tool.run("inspect mirror.cwasm --json");
    assert_eq!(ended.code, 1);
    assert_eq!(ended.json()["runs"], false);
    assert!(ended.json()["exports"][0].as_str().unwrap().starts_with("wasi:http/incoming-handler"));
}
