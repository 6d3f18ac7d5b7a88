//! Apps in Python, with a program in place of Python that notes what it is asked for: which environment is chosen or made,
//! and what becomes of errors.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::tool::{Ended, Tool};
use crate::wasm::MIRROR;

/// Does what the tool asks a Python for. Files in the working folder decide about the rest.
const PYTHON: &str = r#"#!/bin/sh
out= venv=
say() { echo "$*" >> asked; }
while [ $# -gt 0 ]; do
    case $1 in
        -I) ;;
        -c) if [ -f probe ]; then cat probe; else echo '{"version": [3, 12], "sdk": null}'; fi; exit 0 ;;
        venv) say "venv"; [ -f no-venv ] && { echo "ensurepip is not available" >&2; exit 1; }
            mkdir -p "$2/bin"; touch "$2/pyvenv.cfg"; cp "$0" "$2/bin/python"; exit 0 ;;
        pip) say "pip $*"; [ -f no-pip ] && { echo "ERROR: No matching distribution found for nonesuch" >&2; exit 1; }
            exit 0 ;;
        funcserver.build) say "$0 $*"; say "PYTHONPATH=$PYTHONPATH" ;;
        --output) out=$2 ;;
    esac
    shift
done
if [ -f broken ]; then
    echo "==> a step" >&2
    cat broken >&2
    exit 1
fi
cp app.wasm "$out"
"#;

const SETTINGS: &str = "[component]\napp = \"shop:app\"\n";

/// A user with an app, and with that program as `python3`.
fn project() -> Tool {
    let tool = Tool::new();
    install(&tool, "bin/python3");
    tool.write("app.wasm", MIRROR);
    tool.write("shop.py", "app = 1\n");
    tool.write("funcserver.toml", SETTINGS);
    tool
}

fn install(tool: &Tool, path: &str) {
    tool.write(path, PYTHON);
    fs::set_permissions(tool.path(path), fs::Permissions::from_mode(0o755)).unwrap();
}

fn command(tool: &Tool, line: &str) -> Command {
    let mut command = tool.command(line);
    command.env("PATH", format!("{}:/usr/bin:/bin", tool.path("bin").display()));
    command
}

fn run(tool: &Tool, line: &str) -> Ended {
    tool.finish(command(tool, line), b"")
}

/// What the program was asked for since the last call.
fn asked(tool: &Tool) -> String {
    let asked = fs::read_to_string(tool.path("asked")).unwrap_or_default();
    let _ = fs::remove_file(tool.path("asked"));
    asked
}

#[test]
fn an_environment_is_made_of_the_listed_packages_once() {
    let tool = project();
    tool.write("requirements.txt", "flask\n");
    run(&tool, "build").succeeded();
    let first = asked(&tool);
    assert!(first.starts_with("venv\npip pip install "), "{first}");
    assert!(first.contains(" -r requirements.txt\n"), "{first}");
    assert!(first.contains("funcserver.build shop:app --output build-output/handler.wasm --import build\n"), "{first}");
    assert_eq!(tool.read("build-output/.gitignore"), b"*\n");

    run(&tool, "build").succeeded();
    assert!(!asked(&tool).contains("venv\n"));
    tool.write("requirements.txt", "flask\njinja2\n");
    run(&tool, "build").succeeded();
    assert!(asked(&tool).starts_with("venv\npip "));
}

#[test]
fn the_users_own_environment_comes_first() {
    let tool = project();
    install(&tool, "venv/bin/python");
    run(&tool, "build").succeeded();
    assert!(asked(&tool).contains("/work/venv/bin/python "));
    install(&tool, ".venv/bin/python");
    run(&tool, "build").succeeded();
    assert!(asked(&tool).contains("/work/.venv/bin/python "));
    install(&tool, "elsewhere/bin/python");
    let mut active = command(&tool, "build");
    active.env("VIRTUAL_ENV", tool.path("elsewhere"));
    tool.finish(active, b"").succeeded();
    assert!(asked(&tool).contains("/work/elsewhere/bin/python "));
    assert!(!tool.path("build-output/venv").exists());

    let mut gone = command(&tool, "build");
    gone.env("VIRTUAL_ENV", "/no/such/folder");
    tool.finish(gone, b"").failed(&["VIRTUAL_ENV is /no/such/folder", "deactivate"]);
}

#[test]
fn the_tool_brings_its_own_package_unless_the_environment_has_that_version() {
    let tool = project();
    install(&tool, ".venv/bin/python");
    run(&tool, "build").succeeded();
    let told = asked(&tool);
    let path = told.lines().find_map(|line| line.strip_prefix("PYTHONPATH=")).unwrap();
    assert!(fs::metadata(format!("{path}/funcserver/build/__main__.py")).unwrap().is_file());

    let version = env!("CARGO_PKG_VERSION");
    tool.write("probe", format!(r#"{{"version": [3, 12], "sdk": "{version}"}}"#));
    run(&tool, "build").succeeded();
    assert!(asked(&tool).ends_with("PYTHONPATH=\n"));

    tool.write("probe", r#"{"version": [3, 12], "sdk": "7.0.0"}"#);
    let ended = run(&tool, "build").succeeded();
    assert!(ended.stderr.contains("has funcserver-lambda 7.0.0, and this is funcserver "), "{}", ended.stderr);
    assert!(!asked(&tool).ends_with("PYTHONPATH=\n"));
}

#[test]
fn what_is_missing_on_the_machine_is_named() {
    let tool = project();
    let mut without = tool.command("build");
    without.env("PATH", tool.path("none"));
    tool.finish(without, b"").failed(&["there is no python3 here", "apt-get install python3 python3-venv"]);

    tool.write("no-venv", "");
    let ended = run(&tool, "build").failed(&["cannot make a virtual environment", "apt-get install python3-venv"]);
    assert!(ended.stderr.contains("ensurepip is not available"), "{}", ended.stderr);
    fs::remove_file(tool.path("no-venv")).unwrap();

    tool.write("requirements.txt", "nonesuch\n");
    tool.write("no-pip", "");
    let ended = run(&tool, "build").failed(&[
        "pip could not install the packages of requirements.txt",
        "pip's own lines above say why: the network",
    ]);
    assert!(ended.stderr.contains("No matching distribution found for nonesuch"), "{}", ended.stderr);
    fs::remove_file(tool.path("no-pip")).unwrap();
    // A half installed environment is not taken for a whole one.
    asked(&tool);
    run(&tool, "build").succeeded();
    assert!(asked(&tool).starts_with("venv\npip "));

    tool.write("probe", r#"{"version": [3, 9], "sdk": null}"#);
    run(&tool, "build").failed(&["is Python 3.9, and funcserver needs 3.10 or later"]);
    tool.write("probe", "Segmentation fault");
    run(&tool, "build").failed(&["does not run", "python3 -m venv --clear"]);
}

#[test]
fn a_folder_of_the_user_is_not_taken_for_an_environment() {
    let tool = project();
    tool.write("build-output/venv/notes.txt", "mine");
    run(&tool, "build").failed(&["build-output/venv is no virtual environment", "rm -r build-output/venv"]);
    assert_eq!(tool.read("build-output/venv/notes.txt"), b"mine");
}

#[test]
fn the_builder_says_what_is_wrong_in_one_line() {
    let tool = project();
    install(&tool, ".venv/bin/python");
    tool.write("broken", "warning: shop.py:3 reads the clock\nerror: shop:app cannot be imported (shop.py:1)\n");
    for line in ["build", "bundle", "serve --listen 127.0.0.1:0 --watch --optimize"] {
        let ended = run(&tool, line).failed(&["error: shop:app cannot be imported (shop.py:1)"]);
        assert!(ended.stderr.contains("==> a step\nwarning: shop.py:3 reads the clock\n"), "{}", ended.stderr);
    }
    tool.write("broken", "");
    run(&tool, "build").failed(&["the builder of shop:app failed (exit status: 1)"]);
}

#[test]
fn the_builder_learns_the_granted_variables_and_when_to_import() {
    let tool = project();
    install(&tool, ".venv/bin/python");
    tool.write(
        "funcserver.toml",
        "[component]\napp = \"shop:create_app()\"\nimport = \"start\"\npath = \"out.wasm\"\n\
         [guest]\nenv = { STAGE = \"test\", KEY = \"1\" }\ninherit-env = [\"KEY\"]\n",
    );
    let mut build = command(&tool, "build");
    build.env("KEY", "2");
    let ended = tool.finish(build, b"").succeeded();
    let expected = "shop:create_app() --output out.wasm --import start --granted KEY --granted STAGE\n";
    let asked = asked(&tool);
    assert!(asked.contains(expected), "{asked}");
    // The mirror cannot be asked to load.
    assert!(ended.stderr.contains("warning: the app cannot be imported on this machine"), "{}", ended.stderr);
    assert!(!tool.path("build-output").exists());
}

/// A project may be somebody else's: only commands that build run its programs.
#[test]
fn commands_that_do_not_build_run_nothing_of_the_project() {
    let tool = project();
    for path in [".venv/bin/python", "python3", "json.py", "ast.py"] {
        install(&tool, path);
    }
    tool.write("event.json", tool.run("event GET /").succeeded().stdout);
    for line in ["invoke event.json", "serve --listen 127.0.0.1:0", "inspect"] {
        let missing = "no such component: build-output/handler.wasm; build it: funcserver build, or serve the app";
        run(&tool, line).failed(&[missing, "funcserver serve --watch"]);
    }
    assert_eq!(asked(&tool), "");

    run(&tool, "build").succeeded();
    asked(&tool);
    let ended = run(&tool, "invoke event.json").succeeded();
    assert!(!ended.stderr.contains("warning: "), "{}", ended.stderr);
    let later = SystemTime::now() + Duration::from_secs(5);
    fs::File::options().write(true).open(tool.path("shop.py")).unwrap().set_modified(later).unwrap();
    let ended = run(&tool, "invoke event.json").succeeded();
    let stale = "warning: shop.py is newer than build-output/handler.wasm; make it again: funcserver build";
    assert!(ended.stderr.contains(stale), "{}", ended.stderr);
    assert_eq!(asked(&tool), "");
}

#[test]
fn an_app_excludes_a_build_command_and_is_one_of_python() {
    let tool = project();
    tool.write("funcserver.toml", format!("{SETTINGS}build = \"make\"\n"));
    run(&tool, "build").failed(&["component.app and component.build are both set"]);
    for app in ["src/app.rb", "cmd/shop", "shop", "../app.ts"] {
        tool.write("funcserver.toml", format!("[component]\napp = \"{app}\"\n"));
        run(&tool, "build").failed(&["funcserver.toml:2: component.app is", "an app in Python as \"module:name\""]);
    }
}
