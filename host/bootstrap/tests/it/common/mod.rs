//! Folders with the test guest compiled, and a Runtime API.

pub mod runtime_api;

use std::path::Path;
use std::sync::LazyLock;

use funcserver_engine::{Target, compile};

static COMPILED: LazyLock<Vec<u8>> =
    LazyLock::new(|| compile::compile(funcserver_test_guest::WASM, Target::Host).unwrap());

/// Writes the compiled test guest to that file.
pub fn write_component(path: &Path) {
    std::fs::write(path, &*COMPILED).unwrap();
}

static BLOCKING: LazyLock<Vec<u8>> =
    LazyLock::new(|| compile::compile(funcserver_test_guest::WASM_BLOCK, Target::Host).unwrap());

/// Writes the compiled test guest that can block its thread to that file.
pub fn write_blocking_component(path: &Path) {
    std::fs::write(path, &*BLOCKING).unwrap();
}
