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

/// A component may call its parts whatever it likes.
#[test]
fn a_name_cannot_look_like_a_line_of_the_tool() {
    let tool = Tool::new();
    for name in ["acme\nruns here: yes", "acme\u{1b}[2J\u{1b}[H\u{9b}31mabc", "acme\rruns here: yes"] {
        let mut wasm = wasm::unknown_import();
        let called = b"acme:store/kv@1.0.0";
        assert_eq!(name.len(), called.len());
        let places: Vec<_> = (0..wasm.len()).filter(|at| wasm[*at..].starts_with(called)).collect();
        assert!(!places.is_empty());
        for at in places {
            wasm[at..at + called.len()].copy_from_slice(name.as_bytes());
        }
        tool.write("forged.wasm", wasm);
        for command in ["inspect forged.wasm", "inspect forged.wasm --json", "build forged.wasm", "serve forged.wasm"] {
            let ended = tool.run(command);
            assert_eq!(ended.code, 1, "{command}");
            for output in [&ended.stdout, &ended.stderr] {
                assert!(!output.lines().any(|line| line.starts_with("runs here: yes")), "{command}: {output}");
                assert!(!output.contains(|c: char| c.is_control() && c != '\n'), "{command}: {output:?}");
            }
        }
    }
}

#[test]
fn a_crashs_offset_is_told_by_its_function() {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    // Of a file of this length code is in the middle.
    let offsets: Vec<_> = (1..200).map(|part| format!("{:#x}", part * MIRROR.len() / 400)).collect();
    let ended = tool.run(&format!("inspect mirror.wasm --at {}", offsets.join(" ")));
    let told: Vec<_> = ended.stdout.lines().filter(|line| line.starts_with("0x")).collect();
    assert_eq!(told.len(), offsets.len());
    let code = told.iter().filter(|line| !line.ends_with(" is not code")).count();
    assert!(code > 100, "{told:?}");
    assert!(told.iter().any(|line| line.contains("::")), "{told:?}");

    let ended = tool.run("inspect mirror.wasm --at 4 --json");
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.contains("are code of mirror.wasm"), "{}", ended.stderr);
    assert_eq!(ended.json()[0]["offset"], "0x4");
    assert_eq!(tool.run("inspect mirror.wasm --at somewhere").code, 2);
}
