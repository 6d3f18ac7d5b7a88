//! `funcserver new` and the next steps, in Rust. `scripts/test-new` does the same in every language.

use std::env;
use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::http::get;
use crate::server::Server;
use crate::tool::{Tool, debug_bootstrap};

/// The time limit of a build.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs the tool in the project, with the variables that cargo and rustup need. It builds in the folder where
/// `scripts/test` builds guests.
fn command(tool: &Tool, line: &str) -> Command {
    let mut command = tool.command(line);
    command.current_dir(tool.path("my-shop"));
    for name in ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME"] {
        command.envs(env::var_os(name).map(|value| (name, value)));
    }
    command.env("CARGO_TARGET_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/../guests"));
    command
}

fn products(server: &Server) -> String {
    get(server.address, "/products", "").body
}

fn wait_for(server: &Server, part: &str) {
    let begin = Instant::now();
    while !server.log().contains(part) {
        assert!(begin.elapsed() < PATIENCE, "no {part}: {}", server.log());
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_edit_is_served_and_the_zip_answers() {
    let tool = Tool::new();
    tool.run("new my-shop --language rust").succeeded();
    // It is built before it is served, because tests wait less long for a server than a build may take.
    let built = tool.finish(command(&tool, "build"), b"").succeeded();
    assert!(built.stderr.contains("building: ./build"), "{}", built.stderr);

    let server = Server::of(&tool, command(&tool, "serve --listen 127.0.0.1:0 --watch"));
    assert!(products(&server).contains("<li>Kettle</li>"));
    let pages = tool.path("my-shop/src/pages.rs");
    let text = fs::read_to_string(&pages).unwrap();
    fs::write(&pages, text.replace("Kettle", "Samovar")).unwrap();
    wait_for(&server, "serving the new build-output/handler.wasm");
    let page = products(&server);
    assert!(page.contains("<li>Samovar</li>") && !page.contains("Kettle"), "{page}");
    assert_eq!(server.log().matches("building: ").count(), 2, "{}", server.log());
    let (status, _) = server.end("TERM");
    assert_eq!(status.code(), Some(0));

    let line = format!("bundle --bootstrap {}", debug_bootstrap().display());
    tool.finish(command(&tool, &line), b"").succeeded();
    let server = Server::of(&tool, command(&tool, "serve --listen 127.0.0.1:0 --zip function.zip"));
    assert!(products(&server).contains("<li>Samovar</li>"));
}
