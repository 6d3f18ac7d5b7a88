//! Apps in Go: with a program in place of Go that notes what it is asked for, and with the machine's own Go.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::http::get;
use crate::server::Server;
use crate::tool::{Ended, Tool};

/// A first build compiles Go's library.
const PATIENCE: Duration = Duration::from_secs(300);

/// Does what the tool asks Go for. Files in the working folder decide about the rest.
const GO: &str = r#"#!/bin/sh
echo "GOOS=$GOOS GOARCH=$GOARCH go $*" >> asked
case $1 in
    env) cat version 2>/dev/null || echo go1.26.1; exit 0 ;;
    list) cat package; exit 0 ;;
esac
if [ -f broken ]; then cat broken >&2; exit 1; fi
while [ $# -gt 0 ]; do
    case $1 in -o) cp app.wasm "$2" ;; esac
    shift
done
"#;

const MAIN: &str = r#"package main

import (
	"net/http"
	"os"

	"funcserver.example/guest"
)

var key = os.Getenv("KEY")

func main() {
	guest.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("Hello " + key))
	}))
}
"#;

fn settings(app: &str) -> String {
    format!("[component]\napp = \"{app}\"\n")
}

/// A core module that is a handler.
fn module(exports: &str) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(module (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable) {exports})"#
    ))
    .unwrap()
}

const HANDLER: &str = r#"(func (export "wasi:http/incoming-handler@0.2.12#handle") (param i32 i32))"#;

fn with_program(app: &str) -> Tool {
    let tool = Tool::new();
    tool.write("bin/go", GO);
    fs::set_permissions(tool.path("bin/go"), fs::Permissions::from_mode(0o755)).unwrap();
    tool.write("app.wasm", module(HANDLER));
    tool.write("cmd/shop/main.go", MAIN);
    tool.write("funcserver.toml", settings(app));
    tool
}

fn run(tool: &Tool, line: &str) -> Ended {
    let mut command = tool.command(line);
    command.env("PATH", format!("{}:/usr/bin:/bin", tool.path("bin").display()));
    tool.finish(command, b"")
}

#[test]
fn a_program_is_compiled_by_go_build() {
    let tool = with_program("./cmd/shop");
    run(&tool, "build").succeeded();
    let asked = String::from_utf8(tool.read("asked")).unwrap();
    let expected = "GOOS=wasip1 GOARCH=wasm go build -trimpath -buildvcs=false -buildmode=c-shared -ldflags=-s \
                    -o build-output/handler.wasm ./cmd/shop\n";
    assert!(asked.ends_with(expected), "{asked}");
    let later = std::time::SystemTime::now() + Duration::from_secs(5);
    let source = tool.path("cmd/shop/main.go");
    fs::File::options().write(true).open(source).unwrap().set_modified(later).unwrap();
    tool.write("event.json", tool.run("event GET /").succeeded().stdout);
    let mut invoke = tool.command("invoke event.json");
    invoke.env("PATH", tool.path("none"));
    let ended = tool.finish(invoke, b"");
    assert!(
        ended.stderr.contains("warning: cmd/shop/main.go is newer than build-output/handler.wasm"),
        "{}",
        ended.stderr
    );
}

#[test]
fn what_go_cannot_do_is_said() {
    let tool = with_program("./cmd/shop");
    let mut without = tool.command("build");
    without.env("PATH", tool.path("none"));
    tool.finish(without, b"").failed(&["there is no go here", "install Go 1.26 or later", "https://go.dev/dl"]);
    tool.write("version", "go1.23.4\n");
    run(&tool, "build").failed(&["go is go1.23.4, and funcserver needs Go 1.26 or later"]);
    fs::remove_file(tool.path("version")).unwrap();
    tool.write("broken", "# example.com/shop\ncmd/shop/main.go:13:2: undefined: gest\n");
    let ended = run(&tool, "build").failed(&["./cmd/shop does not compile"]);
    assert!(ended.stderr.contains("cmd/shop/main.go:13:2: undefined: gest\n"), "{}", ended.stderr);
    fs::remove_file(tool.path("broken")).unwrap();

    tool.write("app.wasm", module(""));
    tool.write("package", "main\n");
    run(&tool, "build").failed(&["the program in ./cmd/shop serves no requests", "guest.Serve(handler)"]);
    assert!(!tool.path("build-output/handler.wasm").exists());
    tool.write("package", "shop\n");
    run(&tool, "build").failed(&["./cmd/shop is the package shop, and no program"]);
    tool.write("funcserver.toml", settings("./cmd/none"));
    run(&tool, "build").failed(&["component.app is ./cmd/none, but there is no such folder"]);
}

/// A project with the guest package of the repository, and the machine's own Go.
fn project() -> Tool {
    let tool = Tool::new();
    symlink(std::path::absolute("guest-sdk/go").unwrap(), tool.path("sdk")).unwrap();
    tool.write(
        "go.mod",
        "module example.com/shop\n\ngo 1.26.0\n\nrequire funcserver.example/guest v0.0.0\n\n\
         replace funcserver.example/guest => ./sdk\n",
    );
    tool.write("main.go", MAIN);
    tool.write("funcserver.toml", format!("{}[guest]\nenv = {{ KEY = \"one\" }}\n", settings(".")));
    tool
}

fn command(tool: &Tool, line: &str) -> Command {
    let mut command = tool.command(line);
    for name in ["PATH", "HOME", "GOCACHE", "GOPATH", "GOPROXY", "GOFLAGS"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

#[test]
fn an_edit_is_compiled_and_one_that_does_not_compile_keeps_the_program() {
    let tool = project();
    let server = Server::of_within(&tool, command(&tool, "serve --listen 127.0.0.1:0 --watch"), PATIENCE);
    server.until("Hello one", PATIENCE);
    tool.write("main.go", MAIN.replace("Hello", "Howdy"));
    server.until("Howdy one", PATIENCE);
    server.log_line("reloaded main.go in ");
    tool.write("main.go", MAIN.replace("Write(", "Wrote("));
    let begin = Instant::now();
    while !server.log().contains("still serving the app as it was before") {
        assert!(begin.elapsed() < PATIENCE, "{}", server.log());
        thread::sleep(Duration::from_millis(20));
    }
    assert!(server.log().contains("w.Wrote undefined"), "{}", server.log());
    assert_eq!(server.log().matches("error: ").count(), 1, "{}", server.log());
    assert_eq!(get(server.address, "/", "").body, "Howdy one");
}

#[test]
fn import_at_start_turns_pre_initialisation_off() {
    let tool = project();
    tool.write("main.go", MAIN.replace("guest\"\n)", "guest\"\n\t_ \"funcserver.example/guest/preinit\"\n)"));
    let text = String::from_utf8(tool.read("funcserver.toml")).unwrap();
    tool.write("funcserver.toml", text.replace("[guest]", "import = \"start\"\n[guest]"));
    let ended = tool.finish_within(command(&tool, "build"), b"", PATIENCE).succeeded();
    assert!(ended.stderr.contains("because component.import is \"start\""), "{}", ended.stderr);
    let server = Server::of_within(&tool, command(&tool, "serve handler.cwasm --listen 127.0.0.1:0"), PATIENCE);
    assert_eq!(get(server.address, "/", "").body, "Hello one");
}

#[test]
fn init_names_the_program_or_the_line_to_change() {
    let tool = project();
    fs::remove_file(tool.path("funcserver.toml")).unwrap();
    let ended = tool.run("init").succeeded();
    assert!(ended.stderr.contains("found a net/http app: .\n"), "{}", ended.stderr);
    let text = String::from_utf8(tool.read("funcserver.toml")).unwrap();
    for part in ["app = \".\"\n", "\nreuse = 1000\n", "if you use them: KEY\n"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("import ="), "{text}");
    fs::remove_file(tool.path("funcserver.toml")).unwrap();
    tool.write(
        "main.go",
        "package main\n\nimport \"net/http\"\n\nfunc main() {\n\thttp.ListenAndServe(\":80\", nil)\n}\n",
    );
    tool.run("init").failed(&["change one line, main.go:6", "guest.Serve(router)", "funcserver.example/guest"]);
    assert!(!Path::new(&tool.path("funcserver.toml")).exists());
}
