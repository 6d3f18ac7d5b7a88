//! `funcserver doctor`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use funcserver_function::MARKER;
use serde_json::Value;

use crate::elf::{ARM64, X86_64, small_bootstrap};
use crate::tool::{Ended, Tool};

const APP: &str = "[component]\napp = \"app:app\"\n";

/// A user with both bootstraps, and no other program than these scripts of a shell.
fn user(programs: &[(&str, &str)]) -> Tool {
    let tool = Tool::with_empty_cache();
    tool.write("dist/bootstrap-x86_64", small_bootstrap(X86_64, &MARKER));
    tool.write("dist/bootstrap-arm64", small_bootstrap(ARM64, &MARKER));
    tool.write("bin/none", "");
    for (name, script) in programs {
        program(&tool, &format!("bin/{name}"), script);
    }
    tool
}

fn program(tool: &Tool, name: &str, script: &str) {
    tool.write(name, format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(tool.path(name), Permissions::from_mode(0o755)).unwrap();
}

fn doctor(tool: &Tool, line: &str) -> Ended {
    tool.run_with(line, "PATH", tool.path("bin"))
}

/// The finding with this name, of all lists.
fn finding(report: &Value, name: &str) -> Value {
    let lists = ["bootstraps", "toolchains"].map(|list| report[list].as_array().unwrap().clone());
    let single = ["funcserver", "cache", "project"].map(|key| report[key].clone());
    let all = lists.into_iter().flatten().chain(single);
    all.into_iter().find(|finding| finding["name"] == name).unwrap_or_else(|| panic!("{name} is not in {report}"))
}

/// Checks that there is one problem, the finding `name`, with these texts in its note.
fn is_the_problem(tool: &Tool, name: &str, parts: &[&str]) {
    let ended = doctor(tool, "doctor --json");
    let report = ended.json();
    assert_eq!((ended.code, &report["fits"]), (1, &Value::Bool(false)), "{report}");
    let found = finding(&report, name);
    assert_eq!(found["status"], "problem", "{report}");
    for part in parts {
        assert!(found["note"].as_str().unwrap().contains(part), "`{part}` is missing in {found}");
    }
    let ended = doctor(tool, "doctor");
    assert_eq!(ended.code, 1);
    assert!(ended.stdout.contains(&format!("\n  !!  {name}")), "{}", ended.stdout);
    assert!(ended.stdout.ends_with("\n1 problem found\n"), "{}", ended.stdout);
}

#[test]
fn a_machine_without_any_language_is_fine() {
    let tool = user(&[]);
    let ended = doctor(&tool, "doctor --json").succeeded();
    let report = ended.json();
    assert_eq!(report["funcserver"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["wasmtime"], funcserver_engine::WASMTIME_VERSION);
    for arch in ["x86_64", "arm64"] {
        let found = finding(&report, &format!("bootstrap for {arch}"));
        assert_eq!(found["status"], "ok", "{found}");
        assert!(found["place"].as_str().unwrap().ends_with(&format!("dist/bootstrap-{arch}")), "{found}");
    }
    for name in ["python3", "node", "npm", "go", "cargo"] {
        assert_eq!(finding(&report, name)["status"], "absent", "{report}");
    }
    assert!(doctor(&tool, "doctor").succeeded().stdout.ends_with("\nno problem found\n"));
}

#[test]
fn programs_are_shown_with_their_versions() {
    let tool = user(&[
        ("python3", "echo 3.12.4"),
        ("node", "echo v22.1.0"),
        ("npm", ""),
        ("go", "echo go version go1.26.8 linux/amd64"),
        ("cargo", "echo 'cargo 1.95.0 (x 2026-01-01)'"),
    ]);
    let report = doctor(&tool, "doctor --json").succeeded().json();
    for (name, version) in [("python3", "3.12.4"), ("node", "22.1.0"), ("go", "1.26.8"), ("cargo", "1.95.0")] {
        let found = finding(&report, name);
        assert_eq!((&found["status"], &found["version"]), (&"ok".into(), &version.into()), "{found}");
        assert!(found["place"].as_str().unwrap().ends_with(&format!("bin/{name}")), "{found}");
    }
}

#[test]
fn what_the_project_needs_is_a_problem_if_it_is_missing_or_too_old() {
    let tool = user(&[]);
    tool.write("funcserver.toml", APP);
    is_the_problem(&tool, "python3", &["need Python 3.10 or later", "apt-get install"]);
    let tool = user(&[("python3", "echo 3.9.18")]);
    let found = finding(&doctor(&tool, "doctor --json").succeeded().json(), "python3");
    assert_eq!((&found["status"], &found["version"]), (&"absent".into(), &"3.9.18".into()), "{found}");
    tool.write("funcserver.toml", APP);
    is_the_problem(&tool, "python3", &["too old", "3.10 or later"]);
    for (app, name, script, part) in [
        ("src/app.ts", "node", "echo v18.20.0", "Node.js 20 or later"),
        (".", "go", "echo go version go1.21.0 linux/amd64", "Go 1.26 or later"),
    ] {
        let tool = user(&[(name, script), ("npm", "")]);
        tool.write("funcserver.toml", format!("[component]\napp = \"{app}\"\n"));
        is_the_problem(&tool, name, &["too old", part]);
    }
    let tool = user(&[("python3", "exit 1")]);
    tool.write("funcserver.toml", APP);
    is_the_problem(&tool, "python3", &["does not run"]);
}

#[test]
fn a_bootstrap_of_another_version_is_a_problem() {
    let tool = user(&[]);
    let marker = String::from_utf8(MARKER.to_vec()).unwrap();
    let other = marker.replace(&format!("funcserver={};", env!("CARGO_PKG_VERSION")), "funcserver=9.8.7;");
    tool.write("dist/bootstrap-arm64", small_bootstrap(ARM64, other.as_bytes()));
    is_the_problem(&tool, "bootstrap for arm64", &["it has funcserver 9.8.7"]);
}

#[test]
fn packages_of_another_version_are_problems() {
    let tool = user(&[]);
    tool.write("node_modules/funcserver/package.json", r#"{"name":"funcserver","version":"9.8.7"}"#);
    is_the_problem(&tool, "npm package funcserver", &["npm install --save-dev funcserver@"]);
    let tool = user(&[]);
    tool.write(".venv/pyvenv.cfg", "version = 3.12.4\n");
    tool.write(".venv/lib/python3.12/site-packages/funcserver_lambda-9.8.7.dist-info/METADATA", "");
    program(&tool, ".venv/bin/python", &format!("touch {}", tool.path("ran").display()));
    is_the_problem(&tool, "funcserver-lambda", &["pip install funcserver-lambda=="]);
    assert!(!tool.path("ran").exists(), "a program of the project ran");
}

#[test]
fn a_cache_that_cannot_be_written_is_a_problem() {
    let tool = user(&[]);
    tool.write("file", "");
    let mut command = tool.command("doctor --json");
    command.env("XDG_CACHE_HOME", tool.path("file/cache"));
    let ended = tool.finish(command, b"");
    let note = ended.json()["cache"]["note"].as_str().unwrap().to_owned();
    assert_eq!(ended.code, 1);
    assert!(note.contains("cannot write to") && note.contains("set XDG_CACHE_HOME"), "{note}");
    let mut command = tool.command("doctor");
    command.env_remove("XDG_CACHE_HOME");
    let ended = tool.finish(command, b"");
    assert!(ended.stdout.contains("neither XDG_CACHE_HOME nor HOME is set"), "{}", ended.stdout);
}

#[test]
fn a_mistake_in_the_settings_is_a_problem() {
    let tool = user(&[]);
    tool.write("funcserver.toml", "[limits]\nmemry = \"1MiB\"\n");
    is_the_problem(&tool, "funcserver.toml", &["memry"]);
}
