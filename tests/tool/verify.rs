//! `funcserver verify`: a zip that is whole, and what is not.

use std::io::{Cursor, Read as _, Write as _};

use funcserver_function::MARKER;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::elf::{ARM64, X86_64, small_bootstrap};
use crate::tool::Tool;
use crate::wasm::{MIRROR, version};

/// A user with a handler, an asset and a zip of both.
fn user() -> Tool {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    tool.write("mine", small_bootstrap(X86_64, &MARKER));
    tool.write("public/logo.svg", "<svg/>");
    tool.write("funcserver.toml", "[guest]\nassets = \"public\"\n");
    tool.run("bundle mirror.wasm --arch x86_64 --bootstrap mine").succeeded();
    tool
}

type Files = Vec<(String, Vec<u8>)>;

fn files(tool: &Tool) -> Files {
    let mut zip = ZipArchive::new(Cursor::new(tool.read("function.zip"))).unwrap();
    let file = |index| {
        let mut file = zip.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        (file.name().unwrap().into_owned(), bytes)
    };
    (0..5).map(file).collect()
}

/// Writes the zip with other files, as `bundle` packs them.
fn pack(tool: &Tool, files: &Files) {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default()
            .compression_level(Some(9))
            .last_modified_time(zip::DateTime::DEFAULT)
            .unix_permissions(if name == "bootstrap" { 0o755 } else { 0o644 });
        zip.start_file(name.as_str(), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    tool.write("function.zip", zip.finish().unwrap().into_inner());
}

/// The zip after a change of one of its files.
fn changed(name: &str, change: impl FnOnce(&mut Vec<u8>)) -> Tool {
    let tool = user();
    let mut files = files(&tool);
    change(&mut files.iter_mut().find(|(other, _)| other == name).unwrap().1);
    pack(&tool, &files);
    tool
}

fn replaced(from: &str, to: &str) -> impl FnOnce(&mut Vec<u8>) {
    move |bytes| {
        let text = String::from_utf8(std::mem::take(bytes)).unwrap();
        assert!(text.contains(from), "{text}");
        *bytes = text.replace(from, to).into_bytes();
    }
}

/// `verify` fails, and stdout has these texts.
fn wrong(tool: &Tool, line: &str, texts: &[&str]) {
    let ended = tool.run(line);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("make it again: funcserver bundle"), "{}", ended.stderr);
    for text in texts {
        assert!(ended.stdout.contains(text), "no {text} in {}", ended.stdout);
    }
}

#[test]
fn a_zip_of_bundle_is_whole() {
    let tool = user();
    let ended = tool.run("verify").succeeded();
    assert!(
        ended.stdout.contains("function.zip is whole: 5 files; mirror for x86_64-unknown-linux-gnu"),
        "{}",
        ended.stdout
    );
    let told: Value = serde_json::from_str(&tool.run("verify function.zip --json").succeeded().stdout).unwrap();
    assert_eq!((&told["problems"], &told["rebuilt"]), (&serde_json::json!([]), &Value::Null));
    assert_eq!(told["files"][1]["sha256"], told["facts"]["sha256"]);
    assert_eq!(told["files"][4]["name"], "public/logo.svg");
    // The same files, packed by the same library, are the same zip: what the other tests change is only that.
    let before = tool.read("function.zip");
    pack(&tool, &files(&tool));
    assert_eq!(before, tool.read("function.zip"));
}

#[test]
fn damage_is_told_with_its_file() {
    let tool = user();
    let zip = tool.read("function.zip");
    let at = zip.windows(15).position(|part| part == b"public/logo.svg").unwrap() + 17;
    let mut damaged = zip.clone();
    damaged[at] ^= 1;
    tool.write("function.zip", damaged);
    wrong(&tool, "verify", &["!! public/logo.svg: "]);
    tool.write("function.zip", &zip[..zip.len() - 30]);
    wrong(&tool, "verify", &["!! the archive's own structure: "]);
    tool.write("function.zip", "no zip at all");
    wrong(&tool, "verify", &["!! the archive's own structure: it is not a zip"]);
    tool.run("verify absent.zip").failed(&["cannot read absent.zip"]);
}

#[test]
fn parts_that_do_not_fit_are_told() {
    let component = changed("handler.cwasm", |bytes| *bytes.last_mut().unwrap() ^= 1);
    wrong(&component, "verify", &["!! handler.cwasm: ", "the SHA-256", "handler.cwasm.json says"]);
    let wasm = changed("handler.cwasm", |bytes| *bytes = MIRROR.to_vec());
    wrong(&wasm, "verify", &["!! handler.cwasm: it is a component that is not compiled yet"]);
    let facts = changed("handler.cwasm.json", |bytes| bytes.truncate(20));
    wrong(&facts, "verify", &["!! handler.cwasm.json: it does not describe a component"]);
    let version = changed("handler.cwasm.json", replaced("\"wasmtime\": \"48", "\"wasmtime\": \"47"));
    wrong(&version, "verify", &["!! bootstrap: it has wasmtime 48", "compiled by wasmtime 47"]);
    let bootstrap = changed("bootstrap", |bytes| *bytes = small_bootstrap(ARM64, &MARKER));
    wrong(&bootstrap, "verify", &["!! bootstrap: it is for arm64, and", "compiled for x86_64"]);
    let other = changed("bootstrap", |bytes| *bytes = small_bootstrap(X86_64, b""));
    wrong(&other, "verify", &["!! bootstrap: it is not the bootstrap of funcserver"]);
    let settings = changed("funcserver.toml", |bytes| bytes.extend(b"[limits]\ntimeout = \"3\"\n"));
    wrong(&settings, "verify", &["funcserver.toml", "timeout"]);
}

#[test]
fn a_missing_part_is_told() {
    let tool = user();
    let mut files = files(&tool);
    files.retain(|(name, _)| name != "handler.cwasm.json");
    pack(&tool, &files);
    wrong(&tool, "verify", &["!! handler.cwasm.json: the zip has none"]);
}

#[test]
fn the_component_is_compiled_again_and_compared() {
    let tool = user();
    let told: Value =
        serde_json::from_str(&tool.run("verify --rebuild mirror.wasm --json").succeeded().stdout).unwrap();
    assert_eq!(told["rebuilt"], true);
    tool.write("other.wasm", version("Shop"));
    wrong(
        &tool,
        "verify --rebuild other.wasm",
        &["!! handler.cwasm: it was compiled from a component with the SHA-256", "other.wasm has"],
    );
    // A zip whose hashes fit, and whose code is not that of the component.
    let mut files = files(&tool);
    let facts = String::from_utf8(files[2].1.clone()).unwrap();
    let mut code = files[1].1.clone();
    *code.last_mut().unwrap() ^= 1;
    let hash = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    files[2].1 = facts.replace(&hash(&files[1].1), &hash(&code)).into_bytes();
    files[1].1 = code;
    pack(&tool, &files);
    wrong(
        &tool,
        "verify --rebuild mirror.wasm",
        &["!! handler.cwasm: it is not what this program compiles of mirror.wasm"],
    );
    tool.run("verify").succeeded();
}
