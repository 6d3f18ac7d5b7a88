//! `component.proposals`: an operator can restrict the proposals of a component.

use crate::elf::{self, set_fact};
use crate::tool::Tool;
use crate::wasm;

const REFUSED: &str = "gc.wasm uses \"gc\", which component.proposals does not allow: add \"gc\" to component.proposals in \
                       funcserver.toml";

fn user() -> Tool {
    let tool = Tool::new();
    tool.write("gc.wasm", wasm::collected());
    tool.write("event.json", r#"{"httpMethod": "GET", "path": "/", "headers": {}}"#);
    tool.write("bootstrap", elf::small_bootstrap(elf::X86_64, &funcserver_function::MARKER));
    tool
}

/// Allows the proposals that the tool's adapter uses in a core module, and `names`.
fn allow(tool: &Tool, names: &str) {
    let always = "'bulk-memory', 'multi-value', 'mutable-global', 'reference-types', 'sign-extension'";
    tool.write("funcserver.toml", format!("[component]\nproposals = [{always}{names}]\n"));
}

#[test]
fn a_proposal_that_is_not_allowed_is_refused_by_every_command() {
    let tool = user();
    allow(&tool, "");
    let lines = [
        "build gc.wasm",
        "bundle gc.wasm --arch x86_64 --bootstrap bootstrap",
        "serve gc.wasm --listen 0",
        "invoke gc.wasm event.json",
    ];
    for line in lines {
        tool.run(line).failed(&[REFUSED]);
    }
    assert!(!tool.path("handler.cwasm").exists() && !tool.path("function.zip").exists());
}

#[test]
fn the_setting_in_the_error_allows_the_proposal() {
    let tool = user();
    allow(&tool, ", 'gc'");
    tool.run("build gc.wasm").succeeded();
    let facts: serde_json::Value = serde_json::from_slice(&tool.read("handler.cwasm.json")).unwrap();
    assert!(facts["proposals"].as_array().unwrap().contains(&"gc".into()), "{facts}");
    // A component that is in the cache is rejected as well.
    allow(&tool, "");
    tool.run("build gc.wasm").failed(&[REFUSED]);
    tool.run_with("build gc.wasm", "FUNCSERVER_COMPONENT_PROPOSALS", "simd").failed(&["uses \"", "\"gc\""]);
    tool.write("funcserver.toml", "");
    tool.run("build gc.wasm").succeeded();
}

#[test]
fn a_compiled_component_is_checked_by_its_facts() {
    let tool = user();
    elf::compile(&tool, "mirror.cwasm", "--arch x86_64");
    set_fact(&tool, "mirror.cwasm", "proposals", serde_json::json!(["gc"]));
    tool.write("funcserver.toml", "[component]\nproposals = ['simd']\n");
    let bundle = "bundle mirror.cwasm --bootstrap bootstrap";
    tool.run(bundle).failed(&["mirror.cwasm uses \"gc\", which component.proposals does not allow"]);
    std::fs::remove_file(tool.path("mirror.cwasm.json")).unwrap();
    tool.run(bundle)
        .failed(&["the proposals of mirror.cwasm are unknown without mirror.cwasm.json", "funcserver build"]);
}

#[test]
fn inspect_shows_the_proposals_and_which_are_not_allowed() {
    let tool = user();
    let text = tool.run("inspect gc.wasm").succeeded().stdout;
    let proposals = text.split("proposals:").nth(1).unwrap();
    assert!(proposals.contains("\n  gc\n"), "{text}");
    let json = tool.run("inspect gc.wasm --json").succeeded().json();
    assert!(json["proposals"].as_array().unwrap().contains(&"gc".into()), "{json}");

    allow(&tool, "");
    let ended = tool.run("inspect gc.wasm");
    assert_eq!(ended.code, 1);
    assert!(ended.stdout.contains("runs here: no"), "{}", ended.stdout);
    assert!(ended.stderr.contains(REFUSED), "{}", ended.stderr);
}

#[test]
fn inspect_takes_the_proposals_of_a_compiled_component_from_its_facts() {
    let tool = user();
    tool.run("build gc.wasm -o gc.cwasm").succeeded();
    let (source, compiled) = (tool.run("inspect gc.wasm --json").json(), tool.run("inspect gc.cwasm --json").json());
    assert_eq!(source["proposals"], compiled["proposals"]);
    std::fs::remove_file(tool.path("gc.cwasm.json")).unwrap();
    assert_eq!(tool.run("inspect gc.cwasm --json").json()["proposals"], serde_json::Value::Null);
    let text = tool.run("inspect gc.cwasm").succeeded().stdout;
    assert!(text.contains("proposals: not known without its facts"), "{text}");
}

#[test]
fn the_error_for_an_unknown_name_lists_all() {
    let tool = user();
    tool.write("funcserver.toml", "[component]\nproposals = ['simd', 'garbage']\n");
    tool.run("build gc.wasm").failed(&["\"threads\"", "\"gc\"", "\"garbage\" is not one of them"]);
}
