//! `funcserver serve --watch`.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use crate::http::get;
use crate::server::{Server, processes_with};
use crate::tool::Tool;
use crate::wasm::{truncated, version};

/// How long a reload may take.
const RELOAD: Duration = Duration::from_secs(60);

const PROJECT: &str = "[component]\npath = \"out/page.wasm\"\nbuild = \"sh make.sh\"\n";

/// Copies the version that `src/version` names.
const MAKE: &str = "mkdir -p out\ncp versions/$(cat src/version).wasm out/page.wasm && echo made $(cat src/version)\n";

/// The version of a page, which is in its title and in its menu.
fn seen(server: &Server) -> String {
    read(server.address)
}

fn read(address: SocketAddr) -> String {
    let page = get(address, "/", "");
    assert_eq!(page.status, 200, "{}\n{}", page.head, page.body);
    let names = |mark: &str| page.body.split(mark).nth(1).map(|rest| rest[..4].to_owned()).unwrap_or_default();
    let (title, menu) = (names("<title>"), names("<a href=\"/\">"));
    assert_eq!(title, menu, "half of one, half of another: {}", page.body);
    title
}

/// A project whose build copies one of several versions.
fn project() -> Tool {
    let tool = Tool::new();
    tool.write("funcserver.toml", PROJECT);
    tool.write("make.sh", MAKE);
    for name in ["V000", "V001", "V002"] {
        tool.write(&format!("versions/{name}.wasm"), version(name));
    }
    tool.write("versions/half.wasm", truncated());
    tool.write("src/version", "V000");
    tool
}

/// The reloads, as the clients of a server see them.
#[derive(Default)]
struct Reloads {
    /// The last reload that the server has logged.
    told: AtomicUsize,
    /// The last reload that has begun.
    begun: AtomicUsize,
    over: AtomicBool,
    answers: AtomicUsize,
}

/// The version after this number of reloads. There are only a few versions, because each must be compiled once.
fn after(reloads: usize) -> String {
    format!("V{:03}", reloads % 4)
}

/// Sends requests until enough reloads are done.
fn ask(address: SocketAddr, reloads: &Reloads) {
    while !reloads.over.load(SeqCst) || reloads.answers.load(SeqCst) < 1000 {
        let old = reloads.told.load(SeqCst);
        let seen = read(address);
        let new = reloads.begun.load(SeqCst);
        assert!((old..=new).any(|number| after(number) == seen), "{seen}, from {old} to {new}");
        reloads.answers.fetch_add(1, SeqCst);
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_thousand_requests_during_twenty_reloads_are_answered_by_the_old_or_the_new() {
    let tool = Tool::new();
    tool.write("page.wasm", version(&after(0)));
    let server = Server::start(&tool, "page.wasm --watch");
    let (address, reloads) = (server.address, Reloads::default());
    thread::scope(|scope| {
        (0..4).for_each(|_| drop(scope.spawn(|| ask(address, &reloads))));
        for number in 1..=20 {
            reloads.begun.store(number, SeqCst);
            tool.write("page.wasm", version(&after(number)));
            server.log_times(number, "serving the new page.wasm, loaded in ", RELOAD);
            reloads.told.store(number, SeqCst);
        }
        reloads.over.store(true, SeqCst);
    });
    assert!(reloads.answers.load(SeqCst) >= 1000);
}

#[test]
fn a_changed_source_is_built_and_a_broken_build_keeps_the_old_one() {
    let tool = project();
    let server = Server::start(&tool, "--watch");
    server.log_line("building: sh make.sh");
    server.log_line("made V000");
    server.log_line("watching the sources in this folder");
    server.log_line("without optimisation");
    assert_eq!(seen(&server), "V000");

    tool.write("src/version", "V001");
    server.log_line("changed: src/version");
    server.log_times(1, "serving the new out/page.wasm", RELOAD);
    assert_eq!(seen(&server), "V001");

    // First the build command fails, then its output is not a component.
    for (broken, error) in [("none", "error: the build command failed"), ("half", "error: out/page.wasm")] {
        tool.write("src/version", broken);
        server.log_line(error);
        server.log_times(if broken == "none" { 1 } else { 2 }, "still serving the previous component", RELOAD);
        assert_eq!(seen(&server), "V001");
    }
    // The error of the build command itself.
    server.log_line("versions/none.wasm");

    tool.write("src/version", "V002");
    server.log_times(2, "serving the new out/page.wasm", RELOAD);
    assert_eq!(seen(&server), "V002");

    tool.write("README.md", "no part of it");
    server.log_line("out/page.wasm has not changed");
    let log = server.log();
    assert_eq!(log.matches("building: ").count(), 6, "{log}");
}

#[test]
fn cargo_compiles_incrementally_while_sources_are_watched() {
    let tool = project();
    tool.write("make.sh", format!("echo incremental: $CARGO_PROFILE_RELEASE_INCREMENTAL.\n{MAKE}"));
    Server::start(&tool, "--watch").log_line("incremental: true.");
    Server::start(&tool, "--watch --optimize").log_line("incremental: .");
    let built = tool.run("build").succeeded();
    assert!(built.stderr.contains("incremental: ."), "{}", built.stderr);
    let mut own = tool.command("serve --listen 127.0.0.1:0 --watch");
    own.env("CARGO_PROFILE_RELEASE_INCREMENTAL", "false");
    Server::of(&tool, own).log_line("incremental: false.");
}

#[test]
fn files_that_the_server_writes_are_not_sources() {
    let tool = project();
    let server = Server::start(&tool, "--watch --record recorded");
    assert_eq!(seen(&server), "V000");
    assert!(tool.path("recorded/0001-GET.event.json").exists());
    thread::sleep(Duration::from_millis(700));
    assert!(!server.log().contains("changed: "), "{}", server.log());
}

#[test]
fn changed_settings_apply_to_the_next_request_and_wrong_ones_do_not() {
    let tool = project();
    let server = Server::start(&tool, "--watch");
    tool.write("funcserver.toml", format!("{PROJECT}[limits]\nmax-reply = \"lots\"\n"));
    server.log_line("limits.max-reply is \"lots\"");
    server.log_line("still serving");
    assert_eq!(seen(&server), "V000");
    tool.write("funcserver.toml", format!("{PROJECT}[limits]\nmax-reply = \"1KiB\"\n"));
    server.log_times(1, "serving the new", RELOAD);
    assert_eq!(seen(&server), "V000");
    tool.write("funcserver.toml", "[component]\npath = \"versions/V002.wasm\"\n");
    server.log_line("serving the new versions/V002.wasm");
    assert_eq!(seen(&server), "V002");
}

#[test]
fn a_build_that_writes_among_its_sources_does_not_loop() {
    let tool = project();
    tool.write("make.sh", format!("date +%N > src/generated\n{MAKE}"));
    let server = Server::start(&tool, "--watch");
    server.log_line("src/generated is no longer watched: the build command writes it each time");
    let builds = server.log().matches("building: ").count();
    assert_eq!(builds, 4, "{}", server.log());
    thread::sleep(Duration::from_millis(700));
    assert_eq!(server.log().matches("building: ").count(), builds);
    tool.write("src/version", "V001");
    server.log_times(1, "serving the new", RELOAD);
}

#[test]
fn if_the_first_build_fails_the_last_component_is_served_if_there_is_one() {
    let tool = project();
    tool.write("src/version", "none");
    let ended = tool.run("serve --listen 127.0.0.1:0 --watch").failed(&["the build command failed"]);
    assert!(ended.stderr.contains("versions/none.wasm"), "{}", ended.stderr);
    tool.write("out/page.wasm", version("V002"));
    let server = Server::start(&tool, "--watch");
    server.log_line("serving the component of the last successful build");
    assert_eq!(seen(&server), "V002");
}

#[test]
fn a_signal_ends_a_running_build() {
    let tool = project();
    let mut command = tool.command("serve --listen 127.0.0.1:0 --watch");
    let mark = crate::server::mark(&tool);
    command.env("MARK", mark.split_once('=').unwrap().1);
    let server = Server::of(&tool, command);
    tool.write("make.sh", "sleep 600 &\necho waiting\nwait\n");
    server.log_line("waiting");
    assert!(processes_with(&mark).len() >= 3);
    let (status, _) = server.end("TERM");
    assert_eq!(status.code(), Some(0));
    // The processes are killed, and not waited for.
    let begin = Instant::now();
    while !processes_with(&mark).is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", processes_with(&mark));
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_compiled_component_is_watched_too() {
    let tool = Tool::new();
    for name in ["V000", "V001"] {
        tool.write(&format!("{name}.wasm"), version(name));
        tool.run(&format!("build {name}.wasm -o {name}.cwasm")).succeeded();
    }
    tool.write("page.cwasm", tool.read("V000.cwasm"));
    let server = Server::start(&tool, "page.cwasm --watch");
    assert_eq!(seen(&server), "V000");
    tool.write("page.cwasm", tool.read("V001.cwasm"));
    server.log_line("serving the new page.cwasm");
    assert_eq!(seen(&server), "V001");
}

#[test]
fn a_missing_variable_is_told_before_anything_is_built() {
    let tool = project();
    let settings = std::fs::read_to_string(tool.path("funcserver.toml")).unwrap();
    tool.write("funcserver.toml", format!("{settings}\n[guest]\ninherit-env = [\"SECRET_KEY\"]\n"));
    let ended = tool.run("serve --watch --listen 127.0.0.1:0").failed(&["guest.inherit-env names SECRET_KEY"]);
    assert!(!ended.stderr.contains("building") && !ended.stderr.contains(".env"), "{}", ended.stderr);
    tool.write(".env", "SECRET_KEY=dev\n");
    tool.run("serve --watch --listen 127.0.0.1:0").failed(&[
        "SECRET_KEY",
        ".env is read only for guest.secrets",
        "set -a; . ./.env",
    ]);
}

#[test]
fn the_example_cannot_be_watched() {
    Tool::new().run("serve --listen 127.0.0.1:0 --watch").failed(&["nothing to watch", "component.path"]);
}

#[test]
fn a_failed_build_that_removes_its_component_is_reported_once() {
    let tool = project();
    let server = Server::start(&tool, "--watch");
    assert_eq!(seen(&server), "V000");
    tool.write("make.sh", "rm -f out/page.wasm\nexit 1\n");
    server.log_times(1, "still serving the previous component", RELOAD);
    // This is longer than the interval at which files are checked.
    thread::sleep(Duration::from_secs(2));
    assert_eq!(server.log().matches("error: ").count(), 1, "{}", server.log());
    assert_eq!(seen(&server), "V000");
    tool.write("src/version", "V001");
    tool.write("make.sh", MAKE);
    server.log_times(1, "serving the new out/page.wasm", RELOAD);
    assert_eq!(seen(&server), "V001");
}
