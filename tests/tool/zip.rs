//! `funcserver serve --zip`: what would be deployed.

use std::fs::{self, File};
use std::io::Write as _;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::elf::{self, ARM64, X86_64, small_bootstrap};
use crate::exec::{ends_with_all, storm};
use crate::http::get;
use crate::server::Server;
use crate::tool::{Tool, debug_bootstrap};

/// Writes `function.zip` with these files, not compressed.
fn pack(tool: &Tool, files: &[(&str, u32, &[u8])]) {
    let mut zip = ZipWriter::new(File::create(tool.path("function.zip")).unwrap());
    for (name, mode, bytes) in files {
        let options =
            SimpleFileOptions::default().compression_method(CompressionMethod::Stored).unix_permissions(*mode);
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn the_bootstrap_of_the_zip_answers_fifty_requests_at_once() {
    let tool = Tool::new();
    elf::compile(&tool, "handler.cwasm", "");
    let (bootstrap, component) = (fs::read(debug_bootstrap()).unwrap(), tool.read("handler.cwasm"));
    pack(&tool, &[("bootstrap", 0o755, &bootstrap), ("handler.cwasm", 0o644, &component)]);
    fs::create_dir(tool.path("tmp")).unwrap();
    let line = format!("--max-environments 4 --zip {}", tool.path("function.zip").display());
    let mut command = tool.command(&format!("serve --listen 127.0.0.1:0 --env {} {line}", crate::server::mark(&tool)));
    command.env("TMPDIR", tool.path("tmp"));
    let server = Server::of(&tool, command);
    for _ in 0..2 {
        assert!(storm(&server, "/a").iter().all(|body| body.contains("/a")));
    }
    ends_with_all(server, &tool, "TERM");
    assert_eq!(fs::read_dir(tool.path("tmp")).unwrap().count(), 0, "the unpacked zip is left behind");
}

#[test]
fn a_script_is_a_bootstrap_too() {
    let tool = Tool::new();
    let script = "#!/bin/sh\necho \"from $PWD, PATH=$PATH HOME=${HOME-none}\"\nexit 3\n";
    pack(&tool, &[("bootstrap", 0o755, script.as_bytes())]);
    let server = Server::start(&tool, "--zip function.zip");
    assert_eq!(get(server.address, "/", "").status, 502);
    let line = server.log_line("[1] from ");
    assert!(line.contains("PATH=/usr/local/bin:/usr/bin:/bin:/opt/bin HOME=none"), "{line}");
}

#[test]
fn what_lambda_would_not_start_is_told_at_once() {
    let tool = Tool::new();
    let serve = || tool.run("serve --listen 127.0.0.1:0 --zip function.zip");
    serve().failed(&["cannot read function.zip", "funcserver bundle"]);
    tool.write("function.zip", "no zip");
    serve().failed(&["function.zip is not a zip"]);
    pack(&tool, &[("main", 0o755, b"#!/bin/sh")]);
    serve().failed(&["function.zip has no file bootstrap"]);
    pack(&tool, &[("bootstrap", 0o644, b"#!/bin/sh")]);
    serve().failed(&["bootstrap in function.zip has the mode 0644", "chmod 755 bootstrap"]);
    pack(&tool, &[("../bootstrap", 0o755, b"#!/bin/sh")]);
    serve().failed(&["../bootstrap", "leaves the folder"]);
    let (here, other) =
        if cfg!(target_arch = "x86_64") { ("x86_64", ("arm64", ARM64)) } else { ("arm64", ("x86_64", X86_64)) };
    pack(&tool, &[("bootstrap", 0o755, &small_bootstrap(other.1, b""))]);
    serve().failed(&[
        &format!("bootstrap in function.zip is a program for {}, and this machine is {here}", other.0),
        &format!("funcserver bundle --arch {here}"),
    ]);
}
