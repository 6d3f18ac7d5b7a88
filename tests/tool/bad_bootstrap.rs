//! A bootstrap that is missing, or does not fit the component.

use funcserver_function::MARKER;

use crate::elf::{ARM64, X86_64, small_bootstrap};
use crate::tool::{Tool, debug_bootstrap};
use crate::wasm::MIRROR;

/// `bundle` for x86_64 with this file as the bootstrap fails with these words, and writes no zip.
fn refused(bootstrap: &[u8], parts: &[&str]) {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    tool.write("mine", bootstrap);
    let parts = [&["mine", "scripts/build-bootstrap x86_64"], parts].concat();
    tool.run("bundle mirror.wasm --arch x86_64 --bootstrap mine").failed(&parts);
    assert!(!tool.path("function.zip").exists());
}

/// The marker with one version in it changed.
fn marker_with(program: &str, version: &str) -> Vec<u8> {
    let marker = String::from_utf8(MARKER.to_vec()).unwrap();
    let (before, rest) = marker.split_once(&format!("{program}=")).unwrap();
    let (_, after) = rest.split_once(';').unwrap();
    format!("{before}{program}={version};{after}").into_bytes()
}

#[test]
fn missing() {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    for arch in ["x86_64", "arm64"] {
        let made = format!("scripts/build-bootstrap {arch}");
        tool.run(&format!("bundle mirror.wasm --arch {arch}")).failed(&[&format!("no bootstrap-{arch} in "), &made]);
        let line = format!("bundle mirror.wasm --arch {arch} --bootstrap nowhere");
        tool.run(&line).failed(&["cannot read the bootstrap nowhere", &made]);
    }
}

#[test]
fn for_another_architecture() {
    refused(&small_bootstrap(ARM64, &MARKER), &["for arm64", "compiled for x86_64"]);
}

#[test]
fn of_another_version() {
    for (program, version) in [("funcserver", "9.8.7"), ("wasmtime", "47.0.1")] {
        let bootstrap = small_bootstrap(X86_64, &marker_with(program, version));
        refused(&bootstrap, &[&format!("has {program} {version}, and the component is compiled by {program} ")]);
    }
}

#[test]
fn another_program() {
    refused(b"#!/bin/sh\nexit 0\n", &["not a Linux program"]);
    refused(&small_bootstrap(X86_64, b""), &["another program"]);
}

#[test]
fn the_one_that_cargo_builds_has_its_marker() {
    let bytes = std::fs::read(debug_bootstrap()).unwrap();
    let marker = funcserver_function::marker::Marker::find(&bytes).expect("it has a marker");
    assert_eq!(marker.funcserver, env!("CARGO_PKG_VERSION"));
    assert_eq!(marker.wasmtime, funcserver_engine::WASMTIME_VERSION);
}
