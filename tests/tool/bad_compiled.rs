//! A `.cwasm` that does not fit: it is damaged, or from another version, machine or settings.

use serde_json::json;

use crate::elf::{self, X86_64, set_fact, small_bootstrap};
use crate::tool::Tool;

const HERE: &str = if cfg!(target_arch = "x86_64") { "x86_64" } else { "arm64" };
const OTHER: &str = if cfg!(target_arch = "x86_64") { "arm64" } else { "x86_64" };

/// A user with a component compiled for this machine, or with other options.
fn user(options: &str) -> Tool {
    let tool = Tool::new();
    elf::compile(&tool, "mirror.cwasm", options);
    tool.write("event.json", r#"{"httpMethod": "GET", "path": "/", "headers": {}}"#);
    let machine = if HERE == "x86_64" { X86_64 } else { elf::ARM64 };
    tool.write("bootstrap", small_bootstrap(machine, &funcserver_function::MARKER));
    tool
}

/// Checks that commands that map the component on this machine fail with these texts.
fn not_run(tool: &Tool, parts: &[&str]) {
    tool.run("serve mirror.cwasm --listen 0").failed(parts);
    tool.run("invoke mirror.cwasm event.json").failed(parts);
}

/// Checks that `bundle` fails with these texts.
fn not_bundled(tool: &Tool, parts: &[&str]) {
    tool.run(&format!("bundle mirror.cwasm --arch {HERE} --bootstrap bootstrap")).failed(parts);
    assert!(!tool.path("function.zip").exists());
}

#[test]
fn damaged() {
    let tool = user("");
    let mut bytes = tool.read("mirror.cwasm");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    tool.write("mirror.cwasm", bytes);
    let parts = ["mirror.cwasm has the SHA-256 ", "mirror.cwasm.json says", "damaged", "funcserver build mirror.wasm"];
    not_run(&tool, &parts);
    not_bundled(&tool, &parts);
    tool.run("inspect mirror.cwasm").failed(&parts);
}

#[test]
fn truncated() {
    let tool = user("");
    let bytes = tool.read("mirror.cwasm");
    tool.write("mirror.cwasm", &bytes[..bytes.len() - 1]);
    let stated = format!("mirror.cwasm.json says {}", bytes.len());
    let parts = ["mirror.cwasm has ", &stated, "funcserver build mirror.wasm"];
    not_run(&tool, &parts);
    not_bundled(&tool, &parts);
    tool.run("inspect mirror.cwasm").failed(&parts);
}

#[test]
fn of_another_wasmtime_by_its_header() {
    let tool = user("");
    elf::forge(&tool, "mirror.cwasm", |bytes| elf::other_version(bytes));
    let parts = ["mirror.cwasm was compiled by wasmtime 24", "this is wasmtime 48.", "funcserver build"];
    not_run(&tool, &parts);
    not_bundled(&tool, &parts);
    std::fs::remove_file(tool.path("mirror.cwasm.json")).unwrap();
    not_run(&tool, &parts);
    not_bundled(&tool, &parts);
    tool.run("inspect mirror.cwasm").failed(&parts);
}

#[test]
fn of_another_version_by_its_facts() {
    for (program, name) in [("wasmtime", "48.0.1"), ("funcserver", "0.0.1")] {
        let tool = user("");
        set_fact(&tool, "mirror.cwasm", program, json!(name));
        let found = format!("mirror.cwasm was compiled by {program} {name}, and this is {program} ");
        let parts = [found.as_str(), "funcserver build mirror.wasm -o mirror.cwasm"];
        not_run(&tool, &parts);
        not_bundled(&tool, &parts);
    }
}

#[test]
fn for_another_architecture() {
    let tool = user(&format!("--arch {OTHER}"));
    let remedy = format!("funcserver build --arch {HERE}");
    not_run(&tool, &["mirror.cwasm was compiled for ", "is needed", &remedy]);
    not_bundled(&tool, &["mirror.cwasm was compiled for ", "is needed", &remedy]);
}

#[test]
fn for_a_machine_that_lambda_does_not_have() {
    let tool = user("");
    elf::forge(&tool, "mirror.cwasm", |bytes| elf::other_machine(bytes));
    not_run(&tool, &["mirror.cwasm was compiled for riscv64", "funcserver build"]);
    not_bundled(&tool, &["mirror.cwasm was compiled for riscv64", "funcserver build"]);
}

#[test]
fn with_other_settings() {
    let tool = user("");
    elf::forge(&tool, "mirror.cwasm", |bytes| elf::other_settings(bytes));
    let parts = ["mirror.cwasm was compiled", "funcserver build"];
    not_run(&tool, &parts);
    not_bundled(&tool, &parts);
}

#[test]
fn with_facts_that_cannot_be_read() {
    let tool = user("");
    tool.write("mirror.cwasm.json", "{}");
    let parts = ["mirror.cwasm.json does not describe the compiled component", "funcserver build mirror.wasm"];
    not_run(&tool, &parts);
    not_bundled(&tool, &parts);
    tool.run("inspect mirror.cwasm").failed(&parts);
}

#[test]
fn already_compiled() {
    let tool = user("");
    tool.run("build mirror.cwasm").failed(&["mirror.cwasm", "compiled", ".wasm"]);
}
