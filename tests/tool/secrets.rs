//! `guest.secrets` on a developer's machine: where the values come from, and where they never go.

use std::io::{Cursor, Read as _};
use std::time::Duration;

use funcserver_function::MARKER;
use serde_json::{Value, json};
use zip::ZipArchive;

use crate::elf::{X86_64, small_bootstrap};
use crate::http::get;
use crate::server::Server;
use crate::tool::{Ended, Tool};
use crate::wasm::MIRROR;

const SETTINGS: &str = "[component]
path = \"mirror.wasm\"

[guest.secrets]
DB_PASSWORD = \"secretsmanager:prod/db#password\"
API_KEY = \"ssm:/prod/key\"
";

/// A project whose handler has two secrets.
fn project() -> Tool {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    tool.write("funcserver.toml", SETTINGS);
    tool
}

/// The handler's variables, as `invoke` prints them.
fn invoke(tool: &Tool, variables: &[(&str, &str)]) -> Ended {
    let event = json!({ "httpMethod": "GET", "path": "/", "headers": { "host": "test", "x-act": "env" } });
    let mut command = tool.command("invoke -");
    command.envs(variables.iter().copied());
    tool.finish(command, event.to_string().as_bytes())
}

fn seen(ended: Ended) -> String {
    let seen: Value = serde_json::from_str(ended.succeeded().json()["body"].as_str().unwrap()).unwrap();
    seen["environment"].to_string()
}

#[test]
fn the_environment_counts_more_than_the_file_and_only_what_is_named_is_read() {
    let tool = project();
    tool.write(".env", "# for development\nexport DB_PASSWORD='hunter2'\nAPI_KEY=swordfish\nOTHER=x\n");
    let expected = r#"[["API_KEY","swordfish"],["DB_PASSWORD","hunter2"]]"#;
    assert_eq!(seen(invoke(&tool, &[])), expected);
    let other = seen(invoke(&tool, &[("DB_PASSWORD", "hunter3")]));
    assert_eq!(other, expected.replace("hunter2", "hunter3"));
}

#[test]
fn a_missing_value_is_named_with_what_to_do() {
    let tool = project();
    for (line, ended) in [
        ("invoke", invoke(&tool, &[("API_KEY", "swordfish")])),
        ("serve", tool.run_with("serve --listen 127.0.0.1:0", "API_KEY", "swordfish")),
        ("serve --watch", tool.run_with("serve --watch --listen 127.0.0.1:0", "API_KEY", "swordfish")),
    ] {
        let expected = [
            "guest.secrets names DB_PASSWORD (secretsmanager:prod/db#password), and neither",
            "add a line such as DB_PASSWORD=… to .env",
        ];
        let ended = ended.failed(&expected);
        assert!(!ended.stderr.contains("API_KEY") && !ended.stderr.contains("swordfish"), "{line}: {}", ended.stderr);
    }
    tool.write(".env", "DB_PASSWORD=\"hunter2\nAPI_KEY=swordfish\n");
    let ended = invoke(&tool, &[]).failed(&["cannot read .env", "line 1 is not NAME=value"]);
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
}

#[test]
fn the_file_is_read_only_if_git_ignores_it() {
    let tool = project();
    tool.write(".env", "DB_PASSWORD=hunter2\nAPI_KEY=swordfish\n");
    tool.write(".git/HEAD", "ref: refs/heads/main\n");
    let ended = invoke(&tool, &[]).failed(&["git does not ignore it", "add the line .env to .gitignore"]);
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    let all = [("DB_PASSWORD", "hunter2"), ("API_KEY", "swordfish")];
    assert!(seen(invoke(&tool, &all)).contains("hunter2"), "it is not needed");
    tool.write(".gitignore", "target/\n.env\n");
    assert!(seen(invoke(&tool, &[])).contains("hunter2"));
}

#[test]
fn neither_the_zip_nor_inspect_has_a_value() {
    let tool = project();
    tool.write(".env", "DB_PASSWORD=hunter2\nAPI_KEY=swordfish\n");
    tool.write("bin/bootstrap-x86_64", small_bootstrap(X86_64, &MARKER));
    let mut command = tool.command("bundle --arch x86_64");
    command.env("FUNCSERVER_BOOTSTRAP_DIR", tool.path("bin")).env("DB_PASSWORD", "hunter2");
    let ended = tool.finish(command, b"").succeeded();
    let mut zip = ZipArchive::new(Cursor::new(tool.read("function.zip"))).unwrap();
    let mut all = ended.stdout + &ended.stderr;
    for index in 0..zip.len() {
        let mut bytes = Vec::new();
        zip.by_index(index).unwrap().read_to_end(&mut bytes).unwrap();
        all += &String::from_utf8_lossy(&bytes);
    }
    assert!(all.contains("secretsmanager:prod/db#password"), "the settings are in the zip");
    for line in ["inspect mirror.wasm", "inspect mirror.wasm --json"] {
        let ended = tool.run_with(line, "DB_PASSWORD", "hunter2").succeeded();
        all += &(ended.stdout + &ended.stderr);
    }
    assert!(!all.contains("hunter2") && !all.contains("swordfish"));
}

#[test]
fn the_file_is_no_asset() {
    let tool = project();
    tool.write("funcserver.toml", SETTINGS.replace("[guest.secrets]", "[guest]\nassets = \".\"\n\n[guest.secrets]"));
    tool.write(".env", "DB_PASSWORD=hunter2\n");
    tool.write("mine", small_bootstrap(X86_64, &MARKER));
    tool.run("bundle --arch x86_64 --bootstrap mine")
        .failed(&["guest.assets is the project's folder", ".env would be part of the zip"]);
}

#[test]
fn serve_gives_them_to_the_handler_and_reloads_it_when_the_file_has_changed() {
    let tool = project();
    tool.write(".env", "DB_PASSWORD=hunter2\nAPI_KEY=swordfish\n");
    let server = Server::start(&tool, "--watch");
    let seen = || get(server.address, "/", "x-act: env\r\n").body;
    assert!(seen().contains(r#"["DB_PASSWORD","hunter2"]"#), "{}", seen());
    server.log_line("watching mirror.wasm");
    tool.write(".env", "DB_PASSWORD=hunter3\nAPI_KEY=swordfish\n");
    server.log_line("changed: .env");
    server.log_times(1, "serving the new mirror.wasm", Duration::from_secs(60));
    assert!(seen().contains(r#"["DB_PASSWORD","hunter3"]"#), "{}", seen());
    tool.write(".env", "DB_PASSWORD=hunter3\n");
    server.log_line("guest.secrets names API_KEY (ssm:/prod/key), and neither");
    assert!(seen().contains("swordfish"), "the previous component is still served");
    assert!(!server.log().contains("hunter") && !server.log().contains("swordfish"), "{}", server.log());
}
