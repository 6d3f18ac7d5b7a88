//! `examples/on_lambda_runtime.rs`: the function library under another loop than ours, as `serve --exec` starts it.

use std::path::{Path, PathBuf};

use crate::elf;
use crate::http::{get, post};
use crate::server::Server;
use crate::tool::Tool;

/// The example that cargo built beside the tool.
fn example() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_funcserver")).with_file_name("examples").join("on_lambda_runtime");
    assert!(path.is_file(), "{} is missing: cargo build --workspace --example on_lambda_runtime", path.display());
    path
}

#[test]
fn a_component_answers_under_lambda_runtime() {
    let tool = Tool::new();
    elf::compile(&tool, "handler.cwasm", "");
    let server = Server::exec(&tool, &format!("--exec {}", example().display()));
    for target in ["/a?b=1&a=2", "/%2F?z=1&y=2&x=3"] {
        let response = get(server.address, target, "");
        assert_eq!(response.status, 200, "{}", server.log());
        assert!(response.body.contains(target), "{}", response.body);
    }
    let (status, _) = server.end("TERM");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_layer_before_the_component_answers_in_its_place() {
    let tool = Tool::new();
    elf::compile(&tool, "handler.cwasm", "");
    let server = Server::exec(&tool, &format!("--env READ_ONLY=1 --exec {}", example().display()));
    let refused = post(server.address, "/a", b"text");
    assert_eq!((refused.status, refused.body.as_str()), (503, "read-only for the moment\n"), "{}", server.log());
    assert_eq!(get(server.address, "/a", "").status, 200, "{}", server.log());
    let (status, _) = server.end("TERM");
    assert_eq!(status.code(), Some(0));
}
