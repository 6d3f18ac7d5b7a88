//! `funcserver build`, and the cache behind it.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::elf::{self, ARM64, X86_64};
use crate::tool::Tool;
use crate::wasm::{self, MIRROR};

fn mirror() -> Tool {
    let tool = Tool::with_empty_cache();
    tool.write("mirror.wasm", MIRROR);
    tool
}

/// The compiled components in the cache.
fn cached(tool: &Tool) -> Vec<PathBuf> {
    let files = fs::read_dir(tool.cache().join("funcserver/components")).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|ending| ending == "cwasm")).collect()
}

#[test]
fn the_component_and_its_facts_are_written() {
    let tool = mirror();
    let ended = tool.run("build mirror.wasm").succeeded();
    assert_eq!(ended.stdout, "");
    for part in ["compiling mirror.wasm for ", "mirror.wasm (", " -> handler.cwasm (", "compiled in "] {
        assert!(ended.stderr.contains(part), "{}", ended.stderr);
    }
    let compiled = tool.read("handler.cwasm");
    let facts: Value = serde_json::from_slice(&tool.read("handler.cwasm.json")).unwrap();
    let hash: String = Sha256::digest(&compiled).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(facts["name"], "mirror");
    assert_eq!(facts["sha256"], hash);
    assert_eq!(facts["length"], compiled.len());
    assert_eq!(facts["source_length"], MIRROR.len());
    assert_eq!(facts["wasmtime"], funcserver_engine::WASMTIME_VERSION);
    assert_eq!(facts["funcserver"], env!("CARGO_PKG_VERSION"));
    assert!(facts["exports"][0].as_str().unwrap().starts_with("wasi:http/incoming-handler@0.2"), "{facts}");
    assert!(facts["imports"].as_array().unwrap().iter().any(|name| name == "wasi:cli/stderr@0.2.12"), "{facts}");
}

#[test]
fn the_output_path_can_be_chosen() {
    let tool = mirror();
    fs::create_dir(tool.path("dist")).unwrap();
    tool.run("build mirror.wasm -o dist/router.cwasm").succeeded();
    assert!(tool.path("dist/router.cwasm").is_file() && tool.path("dist/router.cwasm.json").is_file());
    tool.run("build mirror.wasm -o nowhere/router.cwasm").failed(&["cannot write nowhere/router.cwasm"]);
}

#[test]
fn each_architecture_gets_its_code() {
    let tool = mirror();
    for (arch, machine, target) in
        [("x86_64", X86_64, "x86_64-unknown-linux-gnu"), ("arm64", ARM64, "aarch64-unknown-linux-gnu")]
    {
        let ended = tool.run(&format!("build mirror.wasm --arch {arch} --json")).succeeded();
        assert_eq!(ended.json()["target"], target);
        assert_eq!(elf::machine(&tool.read("handler.cwasm")), machine);
    }
}

#[test]
fn a_component_is_compiled_once() {
    let tool = mirror();
    tool.run("build mirror.wasm -o first.cwasm").succeeded();
    tool.write("other.wasm", MIRROR);
    let ended = tool.run("build other.wasm -o second.cwasm --json").succeeded();
    assert!(ended.stderr.contains("compiled before") && !ended.stderr.contains("compiling"), "{}", ended.stderr);
    assert_eq!(ended.json()["name"], "other");
    assert_eq!(tool.read("first.cwasm"), tool.read("second.cwasm"));
    assert_eq!(cached(&tool).len(), 1);
}

#[test]
fn damaged_files_in_the_cache_are_compiled_again() {
    let tool = mirror();
    tool.run("build mirror.wasm").succeeded();
    let compiled = tool.read("handler.cwasm");
    let [kept] = &cached(&tool)[..] else { panic!("not one: {:?}", cached(&tool)) };
    let mut damaged = compiled.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    for bytes in [&damaged[..], &compiled[..middle], b""] {
        fs::write(kept, bytes).unwrap();
        let ended = tool.run("build mirror.wasm").succeeded();
        assert!(ended.stderr.contains("compiled in"), "{}", ended.stderr);
        assert_eq!(tool.read("handler.cwasm"), compiled);
        assert_eq!(fs::read(kept).unwrap(), compiled);
    }
}

#[test]
fn without_a_home_for_the_cache_it_works_and_warns() {
    let tool = mirror();
    let mut command = tool.command("build mirror.wasm");
    command.env_remove("XDG_CACHE_HOME");
    let ended = tool.finish(command, b"").succeeded();
    assert!(
        ended.stderr.contains("warning: cannot cache compiled components: neither XDG_CACHE_HOME nor HOME"),
        "{}",
        ended.stderr
    );

    tool.write("file", "");
    let ended = tool.run_with("build mirror.wasm", "XDG_CACHE_HOME", tool.path("file")).succeeded();
    assert!(ended.stderr.contains("warning: cannot cache compiled components in "), "{}", ended.stderr);
}

#[test]
fn a_home_has_its_cache_in_its_usual_folder() {
    let tool = mirror();
    let mut command = tool.command("build mirror.wasm");
    command.env_remove("XDG_CACHE_HOME").env("HOME", tool.path("home"));
    tool.finish(command, b"").succeeded();
    assert!(tool.path("home/.cache/funcserver/components").is_dir());
}

/// Wasmtime copies such a memory into every instance, and maps other memories.
#[test]
fn a_sparse_initial_memory_is_reported() {
    let tool = mirror();
    tool.write("scattered.wasm", wasm::scattered());
    let told = "scattered.wasm: its initial memory has only 2 bytes of data in a range of 209715201";
    let ended = tool.run("build scattered.wasm --arch x86_64").succeeded();
    assert!(ended.stderr.contains(told), "{}", ended.stderr);
    let ended = tool.run("build mirror.wasm --arch x86_64").succeeded();
    assert!(!ended.stderr.contains("initial memory"), "{}", ended.stderr);
}
