//! Apps in JavaScript, with programs in place of Node.js and npm that note what they are asked for: what is installed, which
//! package builds the app, and what becomes of errors.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::tool::{Ended, Tool};
use crate::wasm::MIRROR;

/// Does what the tool asks Node.js for. Files in the working folder decide about the rest.
const NODE: &str = r#"#!/bin/sh
if [ "$1" = --version ]; then cat version 2>/dev/null || echo v22.1.0; exit 0; fi
echo "node $*" >> asked
if [ -f broken ]; then echo "==> a step" >&2; cat broken >&2; exit 1; fi
case $* in
    *--find) cat found; exit 0 ;;
esac
while [ $# -gt 0 ]; do
    case $1 in --output) cp app.wasm "$2" ;; esac
    shift
done
"#;

/// Notes in which folder npm runs. It removes what was installed before, as npm does.
const NPM: &str = r#"#!/bin/sh
[ "$PWD" = "$PROJECT" ] && place=project || place=sdk
echo "npm $1 in $place: $*" >> "$PROJECT/asked"
[ "$1" = ci ] && rm -rf node_modules
mkdir -p node_modules
if [ -f "$PROJECT/no-npm-$place" ]; then echo "npm error 404 nonesuch is not in this registry." >&2; exit 1; fi
exit 0
"#;

fn project() -> Tool {
    let tool = Tool::new();
    for (name, text) in [("bin/node", NODE), ("bin/npm", NPM)] {
        tool.write(name, text);
        fs::set_permissions(tool.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    tool.write("app.wasm", MIRROR);
    tool.write("src/app.ts", "export default {}\n");
    tool.write("funcserver.toml", "[component]\napp = \"src/app.ts\"\n");
    tool
}

fn run(tool: &Tool, line: &str) -> Ended {
    let mut command = tool.command(line);
    environment(tool, &mut command);
    tool.finish(command, b"")
}

fn environment(tool: &Tool, command: &mut Command) {
    let project = fs::canonicalize(tool.path("")).unwrap();
    command.env("PATH", format!("{}:/usr/bin:/bin", tool.path("bin").display())).env("PROJECT", project);
}

/// What the programs were asked for since the last call.
fn asked(tool: &Tool) -> String {
    let asked = fs::read_to_string(tool.path("asked")).unwrap_or_default();
    let _ = fs::remove_file(tool.path("asked"));
    asked
}

#[test]
fn what_builds_an_app_is_installed_once_for_all_projects() {
    let tool = project();
    let ended = run(&tool, "build").succeeded();
    assert!(ended.stderr.contains("once for all projects"), "{}", ended.stderr);
    let first = asked(&tool);
    assert!(first.contains(" in sdk: ") && first.contains("--omit=dev"), "{first}");
    assert!(!first.contains(" in project: "), "{first}");
    assert!(first.contains("/javascript-sdk/"), "{first}");
    let expected = "/build/main.js src/app.ts --output build-output/handler.wasm --import build\n";
    assert!(first.ends_with(expected), "{first}");
    assert_eq!(tool.read("build-output/.gitignore"), b"*\n");

    let ended = run(&tool, "build").succeeded();
    assert!(!asked(&tool).contains("npm ") && !ended.stderr.contains("installing"), "{}", ended.stderr);
}

#[test]
fn an_installation_that_failed_is_done_again() {
    let tool = project();
    tool.write("no-npm-sdk", "");
    let ended = run(&tool, "build").failed(&["npm could not install the packages that funcserver needs"]);
    assert!(ended.stderr.contains("npm error 404 nonesuch"), "{}", ended.stderr);
    fs::remove_file(tool.path("no-npm-sdk")).unwrap();
    asked(&tool);
    run(&tool, "build").succeeded();
    assert!(asked(&tool).contains(" in sdk: "));

    tool.write("package.json", "{\"dependencies\": {\"nonesuch\": \"1\"}}");
    tool.write("no-npm-project", "");
    let ended = run(&tool, "build").failed(&["npm could not install the packages of package.json", "npm install"]);
    assert!(ended.stderr.contains("npm error 404 nonesuch"), "{}", ended.stderr);
    fs::remove_file(tool.path("no-npm-project")).unwrap();
    asked(&tool);
    // The folder is there, but not whole.
    assert!(tool.path("node_modules").exists());
    run(&tool, "build").succeeded();
    assert!(asked(&tool).contains(" in project: "));
    run(&tool, "build").succeeded();
    assert!(!asked(&tool).contains("npm "));
}

#[test]
fn several_tools_at_once_install_one_after_the_other() {
    let tool = project();
    tool.write("package.json", "{\"dependencies\": {\"hono\": \"4\"}}");
    std::thread::scope(|scope| {
        for name in ["a", "b", "c"] {
            let mut command = tool.command("build");
            environment(&tool, &mut command);
            command.env("FUNCSERVER_COMPONENT", format!("{name}.wasm")).arg("-o").arg(format!("{name}.cwasm"));
            scope.spawn(move || assert!(command.output().unwrap().status.success()));
        }
    });
    let asked = asked(&tool);
    assert_eq!((asked.matches(" in sdk: ").count(), asked.matches(" in project: ").count()), (1, 1), "{asked}");
}

#[test]
fn packages_of_the_project_are_installed_if_there_are_none() {
    for (lock, expected) in [(None, "npm install in project"), (Some("package-lock.json"), "npm ci in project")] {
        let tool = project();
        tool.write("package.json", "{\"devDependencies\": {\"typescript\": \"5\"}}");
        if let Some(lock) = lock {
            tool.write(lock, "{}");
        }
        let ended = run(&tool, "build").succeeded();
        assert!(ended.stderr.contains("==> installing the packages of package"), "{}", ended.stderr);
        assert!(asked(&tool).contains(expected), "{expected}");
        // The user's own are not touched.
        tool.write("package.json", "{\"dependencies\": {\"hono\": \"4\"}}");
        run(&tool, "build").succeeded();
        assert!(!asked(&tool).contains("npm "));
    }
    let tool = project();
    tool.write("package.json", "{\"name\": \"shop\"}");
    run(&tool, "build").succeeded();
    assert!(!asked(&tool).contains(" in project: "));
    tool.write("package.json", "{\"dependencies\": {\"hono\": \"4\"}}");
    for (lock, command) in [("pnpm-lock.yaml", "run pnpm install"), ("yarn.lock", "run yarn install")] {
        tool.write(lock, "");
        run(&tool, "build").failed(&["there is no node_modules here", lock, command]);
        fs::remove_file(tool.path(lock)).unwrap();
    }
    tool.write("package.json", "{\"dependencies\": ");
    run(&tool, "build").failed(&["package.json is not what npm reads"]);
}

#[test]
fn packages_of_a_workspace_are_in_the_folder_above() {
    let tool = project();
    tool.write("apps/shop/package.json", "{\"dependencies\": {\"hono\": \"4\"}}");
    tool.write("apps/shop/funcserver.toml", "[component]\napp = \"app.ts\"\n");
    tool.write("apps/shop/app.wasm", MIRROR);
    tool.write("package.json", "{\"workspaces\": [\"apps/*\"]}");
    fs::create_dir(tool.path("node_modules")).unwrap();
    let mut command = tool.command("build");
    environment(&tool, &mut command);
    command.current_dir(tool.path("apps/shop"));
    tool.finish(command, b"").succeeded();
    assert!(!asked(&tool).contains(" in project: "));
    assert!(!tool.path("apps/shop/node_modules").exists());
}

#[test]
fn the_projects_own_package_of_the_same_version_builds_the_app() {
    let tool = project();
    let own = |version: &str| {
        tool.write("node_modules/funcserver/package.json", format!("{{\"version\": \"{version}\"}}"));
        tool.write("node_modules/funcserver/build/main.js", "");
    };
    own(env!("CARGO_PKG_VERSION"));
    run(&tool, "build").succeeded();
    let told = asked(&tool);
    assert!(told.contains("/work/node_modules/funcserver/build/main.js src/app.ts"), "{told}");
    assert!(!told.contains("npm "), "{told}");
    own("7.0.0");
    let ended = run(&tool, "build").succeeded();
    assert!(
        ended.stderr.contains("warning: node_modules has funcserver 7.0.0, and this is funcserver "),
        "{}",
        ended.stderr
    );
    assert!(asked(&tool).contains("/javascript-sdk/"));
}

#[test]
fn what_is_missing_on_the_machine_is_named() {
    let tool = project();
    let mut without = tool.command("build");
    without.env("PATH", tool.path("none"));
    tool.finish(without, b"").failed(&["there is no node here", "Node.js 20 or later", "apt-get install nodejs npm"]);
    tool.write("version", "v18.19.1\n");
    run(&tool, "build").failed(&["node is v18.19.1, and funcserver needs Node.js 20 or later"]);
    tool.write("version", "Segmentation fault\n");
    run(&tool, "build").failed(&["node does not run"]);
    fs::remove_file(tool.path("version")).unwrap();
    fs::remove_file(tool.path("bin/npm")).unwrap();
    let mut without = tool.command("build");
    without.env("PATH", tool.path("bin"));
    tool.finish(without, b"").failed(&["there is no npm here", "it comes with Node.js"]);
}

#[test]
fn the_builder_says_what_is_wrong_in_one_line() {
    let tool = project();
    tool.write("broken", "warning: src/app.ts:3 reads the clock\nerror: src/app.ts has no default export\n");
    for line in ["build", "bundle", "serve --listen 127.0.0.1:0 --watch --optimize"] {
        let ended = run(&tool, line).failed(&["error: src/app.ts has no default export"]);
        assert!(ended.stderr.contains("==> a step\nwarning: src/app.ts:3 reads the clock\n"), "{}", ended.stderr);
    }
    tool.write("broken", "");
    run(&tool, "build").failed(&["the builder of src/app.ts failed (exit status: 1)"]);
}

#[test]
fn the_builder_learns_the_granted_variables_and_when_to_import() {
    let tool = project();
    tool.write(
        "funcserver.toml",
        "[component]\napp = \"src/app.ts:api\"\nimport = \"start\"\npath = \"out.wasm\"\n\
         [guest]\nenv = { STAGE = \"test\", KEY = \"1\" }\n",
    );
    run(&tool, "build").succeeded();
    let expected = "src/app.ts:api --output out.wasm --import start --granted KEY --granted STAGE\n";
    let asked = asked(&tool);
    assert!(asked.ends_with(expected), "{asked}");
}

/// A project may be somebody else's: only commands that build run its programs.
#[test]
fn commands_that_do_not_build_run_nothing() {
    let tool = project();
    tool.write("event.json", tool.run("event GET /").succeeded().stdout);
    for line in ["invoke event.json", "serve --listen 127.0.0.1:0", "inspect"] {
        run(&tool, line).failed(&["no such component: build-output/handler.wasm; build it: funcserver build"]);
    }
    assert_eq!(asked(&tool), "");
    run(&tool, "build").succeeded();
    asked(&tool);
    let later = SystemTime::now() + Duration::from_secs(5);
    fs::File::options().write(true).open(tool.path("src/app.ts")).unwrap().set_modified(later).unwrap();
    let ended = run(&tool, "invoke event.json").succeeded();
    let stale = "warning: src/app.ts is newer than build-output/handler.wasm; make it again: funcserver build";
    assert!(ended.stderr.contains(stale), "{}", ended.stderr);
    assert_eq!(asked(&tool), "");
}

#[test]
fn init_runs_the_tools_own_package_and_writes_what_it_found() {
    let tool = project();
    fs::remove_file(tool.path("funcserver.toml")).unwrap();
    tool.write("package.json", "{\"dependencies\": {\"hono\": \"4\"}}");
    tool.write("node_modules/funcserver/package.json", format!("{{\"version\": \"{}\"}}", env!("CARGO_PKG_VERSION")));
    tool.write("node_modules/funcserver/build/main.js", "");
    tool.write(
        "found",
        r#"{"apps": [{"app": "src/app.ts", "framework": "hono", "file": "src/app.ts", "line": 3}],
            "reads": [{"kind": "environment", "what": "process.env.KEY", "file": "src/app.ts", "line": 2, "name": "KEY",
                       "required": true, "at_import": true},
                      {"kind": "environment", "what": "process.env.STAGE", "file": "src/app.ts", "line": 9,
                       "name": "STAGE", "required": false, "at_import": false},
                      {"kind": "environment", "what": "process.env.PORT", "file": "src/app.ts", "line": 9, "name": "PORT",
                       "required": false, "at_import": true}]}"#,
    );
    let json = run(&tool, "init --json").succeeded().json();
    assert_eq!((&json["language"], &json["app"]), (&"javascript".into(), &"src/app.ts".into()));
    let text = String::from_utf8(tool.read("funcserver.toml")).unwrap();
    for part in [
        "app = \"src/app.ts\"\n",
        "import = \"start\"\n",
        "(src/app.ts:2)",
        "\nreuse = 1000\n",
        "\ninherit-env = [\"KEY\"]\n",
        "if you use them: STAGE\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let asked = asked(&tool);
    assert!(asked.contains("/javascript-sdk/") && asked.ends_with("/build/main.js --find\n"), "{asked}");
    assert!(!asked.contains(" in project: "), "{asked}");
    fs::remove_file(tool.path("funcserver.toml")).unwrap();
    tool.write("found", r#"{"apps": [], "reads": []}"#);
    run(&tool, "init").failed(&["but no app there", "funcserver init --app src/app.ts"]);
}
