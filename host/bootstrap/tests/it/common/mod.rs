//! Folders with the compiled test guest, a Runtime API, and the services of AWS that store secrets.

pub mod aws;
pub mod root;
pub mod runtime_api;
pub mod stream_api;

use std::path::Path;
use std::sync::LazyLock;

use funcserver_test_guest::compiled;

static COMPILED: LazyLock<Vec<u8>> = LazyLock::new(|| std::fs::read(compiled(funcserver_test_guest::WASM)).unwrap());

/// Writes the compiled test guest to a file.
pub fn write_component(path: &Path) {
    std::fs::write(path, &*COMPILED).unwrap();
}

static COMPILED_P3: LazyLock<Vec<u8>> =
    LazyLock::new(|| std::fs::read(compiled(funcserver_test_guest::WASM_P3)).unwrap());

/// Writes the compiled test guest of 0.3 to a file.
pub fn write_p3_component(path: &Path) {
    std::fs::write(path, &*COMPILED_P3).unwrap();
}

static BLOCKING: LazyLock<Vec<u8>> =
    LazyLock::new(|| std::fs::read(compiled(funcserver_test_guest::WASM_BLOCK)).unwrap());

/// Writes the compiled test guest that can block its thread to a file.
pub fn write_blocking_component(path: &Path) {
    std::fs::write(path, &*BLOCKING).unwrap();
}
