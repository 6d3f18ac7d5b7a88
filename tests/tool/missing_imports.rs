//! `component.missing-imports`: what becomes of imports that the host does not have.

use std::io::{Cursor, Read as _};

use serde_json::json;

use crate::elf;
use crate::tool::Tool;
use crate::wasm;

const REFUSED: &str = "it imports `batch` and `kv` of `acme:store@1.0.0`, which this host does not have; if it does not call \
                       them, set component.missing-imports = \"trap\"";
const TRAP: &str = "[component]\nmissing-imports = \"trap\"\n";
const CALL: &str = r#"(drop (call $"acme:store/kv@1.0.0#count"))"#;
const EVENT: &str = r#"{"httpMethod": "GET", "path": "/", "headers": {}}"#;

fn user(code: &str) -> Tool {
    let tool = Tool::new();
    tool.write("shop.wasm", wasm::with_missing_imports(code));
    tool.write("event.json", EVENT);
    tool.write("bootstrap", elf::small_bootstrap(elf::X86_64, &funcserver_function::MARKER));
    tool
}

#[test]
fn they_are_refused_by_every_command() {
    let tool = user("");
    let lines = [
        "build shop.wasm",
        "bundle shop.wasm --arch x86_64 --bootstrap bootstrap",
        "serve shop.wasm --listen 0",
        "invoke shop.wasm event.json",
    ];
    for line in lines {
        tool.run(line).failed(&["it imports `beat`, which this host does not have", REFUSED]);
    }
    let ended = tool.run("inspect shop.wasm");
    assert!(ended.code == 1 && ended.stderr.contains(REFUSED), "{}", ended.stderr);
    assert!(!tool.path("handler.cwasm").exists() && !tool.path("function.zip").exists());
}

#[test]
fn a_handler_that_calls_none_of_them_runs_everywhere_if_they_may_trap() {
    let tool = user("");
    tool.write("funcserver.toml", TRAP);
    assert_eq!(tool.run("invoke shop.wasm event.json").succeeded().json()["statusCode"], 200);
    tool.run("build shop.wasm").succeeded();
    let facts: serde_json::Value = serde_json::from_slice(&tool.read("handler.cwasm.json")).unwrap();
    let mut missing: Vec<_> =
        facts["missing_imports"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    missing.sort_unstable();
    assert_eq!(missing, ["acme:store/batch@1.0.0", "acme:store/kv@1.0.0", "beat"]);
    assert_eq!(tool.run("invoke handler.cwasm event.json").succeeded().json()["statusCode"], 200);

    tool.run("bundle shop.wasm --arch x86_64 --bootstrap bootstrap").succeeded();
    let mut zip = zip::ZipArchive::new(Cursor::new(tool.read("function.zip"))).unwrap();
    let mut carried = String::new();
    zip.by_name("funcserver.toml").unwrap().read_to_string(&mut carried).unwrap();
    assert_eq!(carried, TRAP);
    let facts: serde_json::Value = serde_json::from_reader(zip.by_name("handler.cwasm.json").unwrap()).unwrap();
    assert_eq!(facts["missing_imports"].as_array().unwrap().len(), 3, "{facts}");
}

#[test]
fn a_call_of_one_is_a_line_of_the_log_that_names_it() {
    let tool = user(CALL);
    let ended = tool.run_with("invoke shop.wasm event.json", "FUNCSERVER_COMPONENT_MISSING_IMPORTS", "trap");
    assert_eq!(ended.json()["statusCode"], 500, "{}", ended.stderr);
    assert_eq!(ended.json()["headers"]["x-funcserver-error"], "trap");
    let expected = "ERROR\tcrashed: it called `count` of `acme:store/kv@1.0.0`, which this host does not have \
                    (component.missing-imports is \"trap\")";
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    assert!(!ended.stdout.contains("acme"), "a client learns nothing of it: {}", ended.stdout);
}

/// A component that is compiled already, or in the cache, is checked by the settings that are there now.
#[test]
fn the_settings_decide_for_a_compiled_component_too() {
    let tool = user("");
    for (arch, machine) in [("x86_64", elf::X86_64), ("arm64", elf::ARM64)] {
        tool.write("bootstrap", elf::small_bootstrap(machine, &funcserver_function::MARKER));
        tool.write("funcserver.toml", TRAP);
        tool.run(&format!("build shop.wasm --arch {arch}")).succeeded();
        tool.write("funcserver.toml", "");
        let lines = ["bundle handler.cwasm --bootstrap bootstrap".to_owned(), format!("build shop.wasm --arch {arch}")];
        for line in lines {
            tool.run(&line).failed(&[REFUSED]);
        }
        assert_eq!(tool.run("inspect handler.cwasm --json").code, 1);
    }
}

#[test]
fn inspect_lists_them_by_package() {
    let tool = user("");
    let ended = tool.run("inspect shop.wasm");
    let expected = "\nmissing here:\n  without a package: beat\n  acme:store@1.0.0: batch, kv\n";
    assert!(ended.code == 1 && ended.stdout.contains(expected), "{}", ended.stdout);
    let json = tool.run("inspect shop.wasm --json").json();
    let reason = "it imports `batch` and `kv` of `acme:store@1.0.0`, which this host does not have";
    assert_eq!(json["reasons"], json!(["it imports `beat`, which this host does not have", reason]));
    let package =
        json!({"package": "acme:store@1.0.0", "interfaces": ["batch", "kv"], "reason": reason, "traps": false});
    assert_eq!(json["missing"].as_array().unwrap().len(), 2);
    assert_eq!(json["missing"][1], package);
    assert_eq!(json["missing"][0]["package"], json!(null));
    assert_eq!(json["middleware"], false);

    tool.write("funcserver.toml", TRAP);
    for line in ["inspect shop.wasm", "inspect handler.cwasm"] {
        if line.ends_with(".cwasm") {
            tool.run("build shop.wasm").succeeded();
        }
        let text = tool.run(line).succeeded().stdout;
        assert!(text.contains("is \"trap\": a call of them ends the handler):\n  without a package: beat\n"), "{text}");
        assert!(text.contains("runs here: yes"), "{text}");
        let json = tool.run(&format!("{line} --json")).succeeded().json();
        assert_eq!((&json["missing"][1]["traps"], &json["reasons"]), (&json!(true), &json!([])));
    }
}

#[test]
fn middleware_is_told_to_be_composed_with_a_handler() {
    let tool = Tool::new();
    tool.write("auth.wasm", wasm::middleware());
    let ended = tool.run("inspect auth.wasm");
    assert_eq!(ended.code, 1);
    let reason = "it is middleware: it imports `wasi:http/incoming-handler@0.2.12`";
    assert!(ended.stderr.contains(reason), "{}", ended.stderr);
    let expected = "\nmissing here:\n  wasi:http@0.2.12: incoming-handler\nmiddleware: compose it with a handler: wac plug \
                    auth.wasm --plug handler.wasm -o app.wasm";
    assert!(ended.stdout.contains(expected), "{}", ended.stdout);
    assert!(!ended.stderr.contains("did you mean") && !ended.stderr.contains("missing-imports"), "{}", ended.stderr);
    assert_eq!(tool.run("inspect auth.wasm --json").json()["middleware"], true);
    tool.run("build auth.wasm").failed(&["compose it with a handler, as in `wac plug middleware.wasm"]);
}
