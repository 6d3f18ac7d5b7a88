//! An app in TypeScript, with the machine's own Node.js, and the packages from npm that the builder needs. The app needs no
//! packages itself.
//!
//! What is installed and compiled is cached in the target folder.

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::http::get;
use crate::server::Server;
use crate::tool::Tool;

/// A first build installs what the builder needs, and compiles the engine of JavaScript.
const PATIENCE: Duration = Duration::from_secs(600);

/// A reload makes no component.
const RELOAD: Duration = Duration::from_secs(30);

const APP: &str = r#"import { greeting } from "./words";

const key: string = process.env.KEY ?? "none";

export default {
  fetch(request: Request): Response {
    return new Response(`${greeting} ${key}`);
  },
};
"#;

const SETTINGS: &str =
    "[component]\napp = \"src/app.ts\"\nimport = \"start\"\n[guest]\nreuse = 10\ninherit-env = [\"KEY\"]\n";

fn project() -> Tool {
    let tool = Tool::with_empty_cache();
    tool.write("src/app.ts", APP);
    tool.write("src/words.ts", "export const greeting = 'Hello';\n");
    tool.write("funcserver.toml", SETTINGS);
    tool
}

fn command(tool: &Tool, line: &str, key: &str) -> Command {
    let mut command = tool.command_on_machine(line, "javascript-apps");
    command.env("KEY", key);
    command
}

#[test]
fn an_edit_is_bundled_and_a_broken_one_keeps_the_last_good_app() {
    let tool = project();
    let server = Server::of_within(&tool, command(&tool, "serve --listen 127.0.0.1:0 --watch", "one"), PATIENCE);
    server.until("Hello one", RELOAD);

    tool.write("src/words.ts", "export const greeting = 'Howdy';\n");
    let time = server.until("Howdy one", RELOAD);
    assert!(time < Duration::from_secs(10), "{time:?}\n{}", server.log());
    server.log_line("reloaded src/words.ts in ");

    for (number, (broken, parts)) in [
        ("export const greeting = (\n", ["src/words.ts:", "error: "]),
        ("import 'nonesuch';\nexport const greeting = '';\n", ["nonesuch", "src/words.ts:1"]),
        ("export const greeting = null!.a;\n", ["TypeError", "src/words.ts:1"]),
    ]
    .into_iter()
    .enumerate()
    {
        tool.write("src/words.ts", broken);
        server.log_times(number + 1, "still serving the app as it was before", RELOAD);
        let log = server.log();
        let errors: Vec<_> = log.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors.len(), number + 1, "{log}");
        assert!(parts.iter().all(|part| errors[number].contains(part)), "{log}");
        assert_eq!(get(server.address, "/", "").body, "Howdy one");
    }
    tool.write("src/words.ts", "export const greeting = 'Hi';\n");
    server.until("Hi one", RELOAD);
    assert!(server.log().matches("making a component").count() <= 1, "{}", server.log());
}

#[test]
fn an_app_that_is_broken_at_the_start_is_served_once_it_is_fixed() {
    let tool = project();
    tool.write("src/words.ts", "export const greeting = (\n");
    let server = Server::of_within(&tool, command(&tool, "serve --listen 127.0.0.1:0 --watch", "one"), PATIENCE);
    server.log_line("each request is answered with 500 until the app can be imported");
    assert_eq!(get(server.address, "/", "").status, 500);
    tool.write("src/words.ts", "export const greeting = 'Hello';\n");
    server.until("Hello one", RELOAD);
}

#[test]
fn the_component_has_the_app_and_an_instance_the_variables_of_its_start() {
    let tool = project();
    let built = tool.finish_within(command(&tool, "build", "one"), b"", PATIENCE).succeeded();
    assert!(built.stderr.contains(" s on this machine, and answers 10 requests"), "{}", built.stderr);
    fs::remove_file(tool.path("src/words.ts")).unwrap();
    let server = Server::of_within(&tool, command(&tool, "serve handler.cwasm --listen 127.0.0.1:0", "two"), PATIENCE);
    assert_eq!(get(server.address, "/", "").body, "Hello two");
}

#[test]
fn bad_apps_are_told_in_one_line() {
    let tool = project();
    let build = || tool.finish_within(command(&tool, "build", "one"), b"", PATIENCE);
    // Whatever the builder can be asked, a granted variable is not frozen into the component.
    tool.write("funcserver.toml", SETTINGS.replace("import = \"start\"\n", ""));
    build().failed(&["KEY", "src/app.ts:3", "component.import = \"start\""]);
    tool.write("src/app.ts", "export const words = 1;\n");
    build().failed(&["src/app.ts exports no app"]);
    tool.write("funcserver.toml", SETTINGS);
    let built = build().succeeded();
    let warning = "warning: the app cannot be imported on this machine: TypeError: src/app.ts exports no app";
    assert!(built.stderr.contains(warning), "{}", built.stderr);
    fs::remove_file(tool.path("src/app.ts")).unwrap();
    build().failed(&["src/app.ts"]);
}

#[test]
fn init_finds_an_app_without_its_packages() {
    let tool = project();
    fs::remove_file(tool.path("funcserver.toml")).unwrap();
    tool.write("package.json", "{\"dependencies\": {\"hono\": \"4\"}}");
    tool.write("src/app.ts", "import { Hono } from 'hono';\nconst app = new Hono();\nexport default app;\n");
    let json = tool.finish_within(command(&tool, "init --json", "one"), b"", PATIENCE).succeeded().json();
    assert_eq!((&json["language"], &json["app"]), (&"javascript".into(), &"src/app.ts".into()));
    assert!(!tool.path("node_modules").exists());
}
