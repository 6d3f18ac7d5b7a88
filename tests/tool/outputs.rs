//! What the tool writes, and what it does not: nothing that it has read, nothing in the place of a link or a device.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, symlink};
use std::process::Command;
use std::thread;

use funcserver_function::MARKER;

use crate::elf::{self, X86_64, small_bootstrap};
use crate::tool::{Ended, Tool};
use crate::wasm::MIRROR;

const PROJECT: &str = "[component]\npath = \"mirror.wasm\"\n\n[guest]\nassets = \"public\"\n";

fn user() -> Tool {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    tool.write("boot", small_bootstrap(X86_64, &MARKER));
    tool
}

fn bundle(tool: &Tool, options: &str) -> Ended {
    tool.run(&format!("bundle --arch x86_64 --bootstrap boot {options}"))
}

/// The names in a zip.
fn names(tool: &Tool, zip: &str) -> Vec<String> {
    let zip = zip::ZipArchive::new(fs::File::open(tool.path(zip)).unwrap()).unwrap();
    zip.file_names().map(|name| name.unwrap().into_owned()).collect()
}

#[test]
fn no_command_writes_what_it_has_read() {
    let tool = user();
    tool.write("funcserver.toml", "[limits]\nmemory = \"64MiB\"\n");
    symlink("mirror.wasm", tool.path("link")).unwrap();
    fs::hard_link(tool.path("mirror.wasm"), tool.path("hard")).unwrap();
    fs::hard_link(tool.path("boot"), tool.path("other-boot")).unwrap();
    for output in ["mirror.wasm", "./mirror.wasm", "link", "hard", "funcserver.toml"] {
        let same = ["cannot write ", output, "the same file as"];
        tool.run(&format!("build mirror.wasm -o {output}")).failed(&same);
        bundle(&tool, &format!("mirror.wasm -o {output}")).failed(&same);
    }
    for output in ["boot", "other-boot"] {
        bundle(&tool, &format!("mirror.wasm -o {output}")).failed(&[output, "the same file as boot"]);
    }
    assert_eq!(tool.read("mirror.wasm"), MIRROR);
    assert_eq!(tool.read("boot"), small_bootstrap(X86_64, &MARKER));

    // The facts beside what is read, and beside what is written.
    elf::compile(&tool, "given.cwasm", "--arch x86_64");
    let facts = tool.read("given.cwasm.json");
    bundle(&tool, "given.cwasm -o given.cwasm.json").failed(&["the same file as given.cwasm.json"]);
    bundle(&tool, "given.cwasm -o given.cwasm").failed(&["the same file as given.cwasm"]);
    assert_eq!(tool.read("given.cwasm.json"), facts);
    symlink("mirror.wasm", tool.path("out.json")).unwrap();
    tool.run("build mirror.wasm -o out").failed(&["out.json", "the same file as mirror.wasm"]);
    assert_eq!(tool.read("mirror.wasm"), MIRROR);
    // One file for both would be neither.
    symlink("both", tool.path("both.json")).unwrap();
    tool.run("build mirror.wasm -o both").failed(&["both.json", "the same file as"]);
}

#[test]
fn a_link_stays_and_what_it_leads_to_is_written() {
    let tool = user();
    fs::create_dir(tool.path("dist")).unwrap();
    symlink("dist/latest.zip", tool.path("function.zip")).unwrap();
    for _ in 0..2 {
        bundle(&tool, "mirror.wasm").succeeded();
        assert!(tool.path("function.zip").is_symlink());
        assert!(tool.read("dist/latest.zip").starts_with(b"PK"));
    }
    tool.write("dist/latest.cwasm", "old");
    symlink("dist/latest.cwasm", tool.path("handler.cwasm")).unwrap();
    tool.run("build mirror.wasm").succeeded();
    assert!(tool.path("handler.cwasm").is_symlink() && tool.path("handler.cwasm.json").is_file());
    assert!(tool.read("dist/latest.cwasm").starts_with(b"\x7fELF"));
}

#[test]
fn what_is_no_file_is_written_into() {
    let tool = user();
    let mut command = tool.command("bundle mirror.wasm --arch x86_64 --bootstrap boot -o /dev/stdout");
    let piped = command.output().unwrap();
    assert!(piped.status.success(), "{}", String::from_utf8_lossy(&piped.stderr));
    assert!(piped.stdout.starts_with(b"PK"));
    assert!(!fs::symlink_metadata("/dev/stdout").unwrap().is_file());
    bundle(&tool, "mirror.wasm").succeeded();
    assert_eq!(piped.stdout, tool.read("function.zip"));

    assert!(Command::new("mkfifo").arg(tool.path("pipe")).status().unwrap().success());
    let reader = thread::spawn({
        let pipe = tool.path("pipe");
        move || fs::read(pipe).unwrap()
    });
    tool.run("build mirror.wasm --arch x86_64 -o pipe").succeeded();
    assert!(reader.join().unwrap().starts_with(b"\x7fELF"));
    assert!(fs::symlink_metadata(tool.path("pipe")).unwrap().file_type().is_fifo());
    assert!(!tool.path("pipe.json").exists());

    tool.run("build mirror.wasm -o /dev/null").succeeded();
    assert!(!fs::symlink_metadata("/dev/null").unwrap().is_file());
    assert!(!fs::exists("/dev/null.json").unwrap());
}

#[test]
fn the_zip_of_before_is_not_in_the_next_one() {
    let tool = user();
    tool.write("funcserver.toml", PROJECT);
    tool.write("public/a.css", "a {}");
    for _ in 0..2 {
        bundle(&tool, "-o public/function.zip").succeeded();
        let names = names(&tool, "public/function.zip");
        assert!(names.iter().any(|name| name == "public/a.css"), "{names:?}");
        assert!(!names.iter().any(|name| name.ends_with(".zip")), "{names:?}");
    }
    bundle(&tool, "-o public/a.css").failed(&["guest.assets contains", "a.css", "the zip would overwrite"]);
    assert_eq!(tool.read("public/a.css"), b"a {}");
}

#[test]
fn assets_and_the_zips_own_files_are_told_apart() {
    let tool = user();
    tool.write("funcserver.toml", PROJECT.replace("public", "."));
    bundle(&tool, "").failed(&["guest.assets contains funcserver.toml", "its own file funcserver.toml"]);
    tool.write("funcserver.toml", PROJECT.replace("public", "bootstrap"));
    tool.write("bootstrap/a.css", "a {}");
    bundle(&tool, "").failed(&["guest.assets contains bootstrap/a.css", "its own file bootstrap"]);
}

#[test]
fn assets_that_lead_out_of_the_project_are_refused() {
    let tool = user();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("key.pem"), "secret").unwrap();
    tool.write("funcserver.toml", PROJECT);
    tool.write("event.json", r#"{"httpMethod": "GET", "path": "/", "headers": {}}"#);
    let refused = |reason: &str| {
        for line in ["bundle --arch x86_64 --bootstrap boot", "build", "invoke event.json", "serve --listen 0"] {
            tool.run(line).failed(&["guest.assets", reason]);
        }
        assert!(!tool.path("function.zip").exists());
    };
    symlink(outside.path(), tool.path("public")).unwrap();
    refused("leads out of the project");
    fs::remove_file(tool.path("public")).unwrap();
    tool.write("public/a/b.css", "b {}");
    symlink(outside.path(), tool.path("public/a/link")).unwrap();
    refused("leads out of the folder");
    fs::remove_file(tool.path("public/a/link")).unwrap();
    // A folder on the way to it.
    tool.write("funcserver.toml", PROJECT.replace("public", "way/there"));
    fs::create_dir(outside.path().join("there")).unwrap();
    symlink(outside.path(), tool.path("way")).unwrap();
    refused("leads out of the project");
}

#[test]
fn what_is_recorded_is_no_asset() {
    let tool = user();
    tool.write("funcserver.toml", PROJECT);
    tool.write("public/a.css", "a {}");
    tool.run("serve --listen 0 --record public/recorded").failed(&["--record public/recorded", "guest.assets"]);
}
