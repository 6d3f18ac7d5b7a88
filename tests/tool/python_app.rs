//! An app in Python, with the machine's own Python and its packages from PyPI. The app needs no packages itself.
//!
//! What is made of Python is cached in the target folder: the tools that pip installs, and the compiled components.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::http::get;
use crate::server::Server;
use crate::tool::Tool;

/// A first build installs the builder's tools, and compiles CPython.
const PATIENCE: Duration = Duration::from_secs(600);

/// A reload makes no component.
const RELOAD: Duration = Duration::from_secs(30);

const APP: &str = r#"import os

from words import GREETING

KEY = os.environ["KEY"]


def app(environ, start_response):
    start_response("200 OK", [("content-type", "text/plain")])
    return [f"{GREETING} {KEY}".encode()]
"#;

const SETTINGS: &str =
    "[component]\napp = \"shop:app\"\nimport = \"start\"\n[guest]\nreuse = 10\ninherit-env = [\"KEY\"]\n";

fn project() -> Tool {
    let tool = Tool::with_empty_cache();
    tool.write("shop.py", APP);
    tool.write("words.py", "GREETING = 'Hello'\n");
    tool.write("funcserver.toml", SETTINGS);
    // Without it the tool would make one for each test.
    let made = Command::new("python3").args(["-m", "venv", "--without-pip"]).arg(tool.path(".venv")).status().unwrap();
    assert!(made.success());
    tool
}

fn command(tool: &Tool, line: &str, key: &str) -> Command {
    let mut command = tool.command_on_machine(line, "python-apps");
    command.env("KEY", key);
    command
}

#[test]
fn an_app_is_served_from_its_sources_and_a_broken_edit_keeps_the_last_good_one() {
    let tool = project();
    let server = Server::of_within(&tool, command(&tool, "serve --listen 127.0.0.1:0 --watch", "one"), PATIENCE);
    server.until("Hello one", RELOAD);

    tool.write("words.py", "GREETING = 'Howdy'\n");
    let time = server.until("Howdy one", RELOAD);
    assert!(time < Duration::from_secs(10), "{time:?}\n{}", server.log());
    server.log_line("reloaded words.py in ");

    for (number, (broken, error)) in [
        ("GREETING = (\n", "error: SyntaxError: '(' was never closed (words.py:1)"),
        (
            "import nonesuch\n",
            "error: ModuleNotFoundError: No module named 'nonesuch' (words.py:1); correct the name, or install its package",
        ),
        ("GREETING = 1 / 0\n", "error: ZeroDivisionError: division by zero (words.py:1)"),
    ]
    .into_iter()
    .enumerate()
    {
        tool.write("words.py", broken);
        server.log_times(number + 1, "still serving the app as it was before", RELOAD);
        assert_eq!(server.log().matches(error).count(), 1, "{error}\n{}", server.log());
        assert_eq!(get(server.address, "/", "").body, "Howdy one");
    }
    tool.write("words.py", "GREETING = 'Hi'\n");
    server.until("Hi one", RELOAD);
    // The component was made once for all edits, but for the one that imports something else.
    assert!(server.log().matches("making a component").count() <= 2, "{}", server.log());
    assert!(fs::read_dir(tool.path("build-output")).unwrap().all(|entry| entry.unwrap().path().is_file()));
}

#[test]
fn the_component_has_the_app_and_an_instance_the_variables_of_its_start() {
    let tool = project();
    let built = tool.finish_within(command(&tool, "build", "one"), b"", PATIENCE).succeeded();
    assert!(built.stderr.contains("component.import = \"start\": each instance imports the app, "), "{}", built.stderr);
    assert!(built.stderr.contains(" s on this machine, and answers 10 requests"), "{}", built.stderr);
    // The sources are in the component.
    fs::remove_file(tool.path("words.py")).unwrap();
    let server = Server::of_within(&tool, command(&tool, "serve handler.cwasm --listen 127.0.0.1:0", "two"), PATIENCE);
    assert_eq!(get(server.address, "/", "").body, "Hello two");
}

#[test]
fn a_granted_variable_is_not_frozen_into_the_component() {
    let tool = project();
    tool.write("funcserver.toml", SETTINGS.replace("import = \"start\"\n", ""));
    let ended = tool.finish_within(command(&tool, "build", "one"), b"", PATIENCE);
    ended.failed(&["KEY", "shop.py:5", "component.import = \"start\"", "on_start"]);
}
