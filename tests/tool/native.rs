//! Machine code runs only if the command line names it, or if this tool compiled it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use crate::elf;
use crate::tool::Tool;
use crate::wasm::MIRROR;

const EVENT: &str = r#"{"httpMethod": "GET", "path": "/", "headers": {}}"#;

/// A project whose settings name a `.cwasm` that was compiled elsewhere.
fn foreign() -> Tool {
    let (tool, maker) = (Tool::with_empty_cache(), Tool::new());
    elf::compile(&maker, "handler.cwasm", "");
    for name in ["handler.cwasm", "handler.cwasm.json"] {
        tool.write(name, maker.read(name));
    }
    tool.write("funcserver.toml", "[component]\npath = \"handler.cwasm\"\n");
    tool.write("event.json", EVENT);
    let machine = if cfg!(target_arch = "x86_64") { elf::X86_64 } else { elf::ARM64 };
    tool.write("boot", elf::small_bootstrap(machine, &funcserver_function::MARKER));
    tool
}

#[test]
fn a_foreign_projects_machine_code_does_not_run() {
    let tool = foreign();
    let parts = ["handler.cwasm is machine code", "funcserver.toml", "name it on the command line"];
    let lines = ["invoke event.json", "serve --listen 0", "bundle --bootstrap boot"];
    for line in lines {
        tool.run(line).failed(&parts);
    }
    tool.run("inspect").succeeded();
    fs::remove_file(tool.path("handler.cwasm.json")).unwrap();
    for line in lines.into_iter().chain(["inspect"]) {
        tool.run(line).failed(&parts);
    }
    // If the command line names it, it runs.
    tool.run("invoke handler.cwasm event.json").succeeded();
    tool.run("inspect handler.cwasm").succeeded();
}

#[test]
fn components_that_this_tool_compiled_run() {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    tool.write("event.json", EVENT);
    tool.run("build mirror.wasm").succeeded();
    tool.write("funcserver.toml", "[component]\npath = \"handler.cwasm\"\n");
    tool.run("invoke event.json").succeeded();
    // Its facts only name the file to look for, and prove nothing.
    elf::forge(&tool, "handler.cwasm", |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    });
    tool.run("invoke event.json").failed(&["handler.cwasm is machine code"]);
}

/// Runs a command with a cache, and returns its warnings.
fn warned(tool: &Tool) -> String {
    let ended = tool.run("build mirror.wasm").succeeded();
    assert!(ended.stderr.contains("compiled in"), "{}", ended.stderr);
    ended.stderr.lines().find(|line| line.starts_with("warning: ")).unwrap_or_default().to_owned()
}

#[test]
fn the_cache_is_this_users_alone() {
    let tool = Tool::with_empty_cache();
    tool.write("mirror.wasm", MIRROR);
    // This holds with every umask.
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 0; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_funcserver"), "build", "mirror.wasm"]);
    shell.current_dir(tool.path("")).env_clear().env("XDG_CACHE_HOME", tool.cache());
    tool.finish(shell, b"").succeeded();
    let mode = |name: &str| fs::metadata(tool.cache().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("funcserver"), mode("funcserver/components")), (0o700, 0o700));
    for entry in fs::read_dir(tool.cache().join("funcserver/components")).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    for name in ["funcserver", "funcserver/components"] {
        fs::set_permissions(tool.cache().join(name), Permissions::from_mode(0o777)).unwrap();
        let warning = warned(&tool);
        assert!(warning.contains(name) && warning.contains("can be written by others (mode 0777)"), "{warning}");
        fs::set_permissions(tool.cache().join(name), Permissions::from_mode(0o700)).unwrap();
    }
    let ended = tool.run("build mirror.wasm").succeeded();
    assert!(ended.stderr.contains("compiled before"), "{}", ended.stderr);

    // A file that others may write to, and a folder that is a link.
    for entry in fs::read_dir(tool.cache().join("funcserver/components")).unwrap() {
        fs::set_permissions(entry.unwrap().path(), Permissions::from_mode(0o666)).unwrap();
    }
    assert_eq!(warned(&tool), "");
    fs::rename(tool.cache().join("funcserver"), tool.cache().join("planted")).unwrap();
    symlink("planted", tool.cache().join("funcserver")).unwrap();
    assert!(warned(&tool).contains("is not a folder"));
}
