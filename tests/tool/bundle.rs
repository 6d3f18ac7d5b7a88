//! `funcserver bundle`.

use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;
use std::sync::Arc;

use funcserver_function::MARKER;
use funcserver_local::Function;
use funcserver_local::environment::{Fleet, Line, Program};
use serde_json::{Value, json};
use zip::ZipArchive;

use crate::elf::{self, ARM64, X86_64, small_bootstrap};
use crate::tool::{Tool, debug_bootstrap};
use crate::wasm::MIRROR;

const SETTINGS: &str = "[component]\npath = \"mirror.wasm\"\nbuild = \"true\"\n\n[limits]\nmemory = \"256MiB\"\n";

/// A user with a handler and two small bootstraps.
fn user() -> Tool {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    tool.write("bin/bootstrap-x86_64", small_bootstrap(X86_64, &MARKER));
    tool.write("bin/bootstrap-arm64", small_bootstrap(ARM64, &MARKER));
    tool
}

fn bundle(tool: &Tool, line: &str) -> crate::tool::Ended {
    tool.run_with(&format!("bundle {line}"), "FUNCSERVER_BOOTSTRAP_DIR", tool.path("bin")).succeeded()
}

/// The files of a zip in order: name, mode and content.
fn unpack(zip: Vec<u8>) -> Vec<(String, u32, Vec<u8>)> {
    let mut zip = ZipArchive::new(Cursor::new(zip)).unwrap();
    let names: Vec<String> =
        (0..zip.len()).map(|index| zip.by_index(index).unwrap().name().unwrap().into_owned()).collect();
    let file = |name: String| {
        let mut file = zip.by_name(&name).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        (name, file.unix_mode().unwrap() & 0o777, bytes)
    };
    names.into_iter().map(file).collect()
}

#[test]
fn the_zip_contains_the_function() {
    let tool = user();
    tool.write("funcserver.toml", SETTINGS);
    let ended = bundle(&tool, "--arch x86_64");
    assert!(ended.stderr.contains("mirror.wasm, which funcserver.toml"), "{}", ended.stderr);
    assert!(ended.stderr.contains("bin/bootstrap-x86_64"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("MiB zipped of 50.0 MiB") && ended.stderr.contains("unzipped of 250.0 MiB"),
        "{}",
        ended.stderr
    );

    let files = unpack(tool.read("function.zip"));
    let names: Vec<_> = files.iter().map(|(name, mode, _)| (name.as_str(), *mode)).collect();
    let expected =
        [("bootstrap", 0o755), ("handler.cwasm", 0o644), ("handler.cwasm.json", 0o644), ("funcserver.toml", 0o644)];
    assert_eq!(names, expected);
    assert_eq!(files[0].2, tool.read("bin/bootstrap-x86_64"));
    assert_eq!(elf::machine(&files[1].2), X86_64);
    let facts: Value = serde_json::from_slice(&files[2].2).unwrap();
    assert_eq!((facts["name"].as_str(), facts["length"].as_u64()), (Some("mirror"), Some(files[1].2.len() as u64)));
    assert_eq!(String::from_utf8(files[3].2.clone()).unwrap(), "[limits]\nmemory = \"256MiB\"\n");
}

#[test]
fn assets_are_in_the_zip_unchanged() {
    let tool = user();
    tool.write("funcserver.toml", "[component]\npath = \"mirror.wasm\"\n\n[guest]\nassets = \"public\"\n");
    tool.write("public/b.css", "b {}");
    tool.write("public/a/index.html", "<p>a");
    bundle(&tool, "--arch x86_64");
    let files = unpack(tool.read("function.zip"));
    let assets: Vec<_> = files
        .iter()
        .filter(|(name, ..)| name.starts_with("public/"))
        .map(|(name, mode, bytes)| (name.as_str(), *mode, bytes.as_slice()))
        .collect();
    assert_eq!(assets, [("public/a/index.html", 0o644, &b"<p>a"[..]), ("public/b.css", 0o644, b"b {}")]);
    let settings = files.iter().find(|(name, ..)| name == "funcserver.toml").map(|(.., bytes)| bytes.clone());
    assert_eq!(settings.unwrap(), b"[guest]\nassets = \"public\"\n");

    tool.write("funcserver.toml", "[component]\npath = \"mirror.wasm\"\n\n[guest]\nassets = \"missing\"\n");
    let line = "bundle --arch x86_64";
    tool.run_with(line, "FUNCSERVER_BOOTSTRAP_DIR", tool.path("bin")).failed(&["guest.assets", "missing"]);
}

#[test]
fn the_build_command_runs_first() {
    let tool = user();
    tool.write(
        "funcserver.toml",
        "[component]\npath = \"made.wasm\"\nbuild = \"echo making; cp mirror.wasm made.wasm\"\n",
    );
    for line in ["bundle --json", "build --json"] {
        let _ = fs::remove_file(tool.path("made.wasm"));
        let ended = tool.run_with(line, "FUNCSERVER_BOOTSTRAP_DIR", tool.path("bin")).succeeded();
        // Output of the build command must not be mixed with the JSON.
        ended.json();
        assert!(ended.stderr.contains("building: echo making"), "{}", ended.stderr);
        assert!(ended.stderr.contains("\nmaking\n") && ended.stderr.contains("built in "), "{}", ended.stderr);
    }
    // The build command builds another component than the one on the command line.
    let ended = tool.run("build mirror.wasm").succeeded();
    assert!(!ended.stderr.contains("building"), "{}", ended.stderr);
}

#[test]
fn a_build_that_fails_ends_it() {
    let tool = user();
    tool.write("funcserver.toml", "[component]\npath = \"mirror.wasm\"\nbuild = \"echo out of tea; exit 3\"\n");
    for line in ["bundle", "build"] {
        let ended = tool.run(line).failed(&["the build command failed (exit status: 3): echo out of tea"]);
        assert!(ended.stderr.contains("\nout of tea\n"), "{}", ended.stderr);
        assert!(!tool.path("function.zip").exists() && !tool.path("handler.cwasm").exists());
    }
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let (one, other) = (user(), user());
    for tool in [&one, &other] {
        tool.write("funcserver.toml", SETTINGS);
    }
    bundle(&one, "-o first.zip");
    std::thread::sleep(std::time::Duration::from_millis(2100));
    // From the cache, compiled again, and in another folder.
    bundle(&one, "-o second.zip");
    bundle(&other, "-o third.zip");
    let first = one.read("first.zip");
    assert!(first == one.read("second.zip") && first == other.read("third.zip"));
}

#[test]
fn either_architecture_can_be_bundled() {
    let tool = user();
    for (arch, machine) in [("x86_64", X86_64), ("arm64", ARM64)] {
        let report = bundle(&tool, &format!("mirror.wasm --arch {arch} --json")).json();
        assert_eq!(report["arch"], arch);
        assert_eq!(report["zipped"], tool.read("function.zip").len());
        let files = unpack(tool.read("function.zip"));
        assert_eq!((elf::machine(&files[0].2), elf::machine(&files[1].2)), (machine, machine));
    }
}

#[test]
fn a_compiled_component_is_bundled_unchanged() {
    let tool = user();
    elf::compile(&tool, "mirror.cwasm", "--arch arm64");
    bundle(&tool, "mirror.cwasm");
    let files = unpack(tool.read("function.zip"));
    assert_eq!(files[1].2, tool.read("mirror.cwasm"));
    assert_eq!(files[2].2, tool.read("mirror.cwasm.json"));

    fs::remove_file(tool.path("mirror.cwasm.json")).unwrap();
    let ended = bundle(&tool, "mirror.cwasm");
    assert!(ended.stderr.contains("warning: could not check the hash of mirror.cwasm"), "{}", ended.stderr);
    assert_eq!(unpack(tool.read("function.zip")).len(), 2);
}

#[test]
fn the_bootstrap_is_looked_for_in_dist_here_and_above() {
    let tool = user();
    tool.write("dist/bootstrap-x86_64", small_bootstrap(X86_64, &MARKER));
    fs::create_dir_all(tool.path("deep/down")).unwrap();
    for folder in ["", "deep/down"] {
        let mut command = tool.command("bundle --arch x86_64");
        command.current_dir(tool.path(folder));
        let ended = tool.finish(command, b"").succeeded();
        assert!(ended.stderr.contains("work/dist/bootstrap-x86_64"), "{}", ended.stderr);
    }
}

#[test]
fn a_named_bootstrap_comes_first() {
    let tool = user();
    let mut other = small_bootstrap(X86_64, &MARKER);
    other.extend_from_slice(b"another build");
    tool.write("mine", &other);
    bundle(&tool, "mirror.wasm --arch x86_64 --bootstrap mine");
    assert_eq!(unpack(tool.read("function.zip"))[0].2, other);
}

#[tokio::test]
async fn the_unpacked_zip_answers_events() {
    let tool = user();
    bundle(&tool, &format!("mirror.wasm --bootstrap {}", debug_bootstrap().display()));
    for (name, mode, bytes) in unpack(tool.read("function.zip")) {
        tool.write(&format!("task/{name}"), bytes);
        set_mode(&tool.path(&format!("task/{name}")), mode);
    }
    let program = Program::new(tool.path("task/bootstrap"), tool.path("task"));
    let output = Arc::new(|line: &Line| eprintln!("{}", line.text));
    let fleet = Fleet::new(Function::default(), program, 1, output);
    let event = json!({ "httpMethod": "GET", "path": "/a", "headers": { "host": "test" } }).to_string();
    let reply: Value = serde_json::from_slice(&fleet.invoke(event.into()).await.unwrap()).unwrap();
    assert_eq!(reply["statusCode"], 200, "{reply}");
    fleet.shut_down().await;
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
