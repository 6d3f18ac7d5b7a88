#![deny(unsafe_code)]
//! The components for the tests of the host: they mirror requests, and misbehave on demand. Their sources are in
//! `guest/` (`wasi:http` 0.2) and `guest-p3/` (0.3), with a list of what they can do.

mod event;

use std::path::Path;

use funcserver_engine::{Guest, LoadError, Options};

pub use event::{act, answer};

/// The component (`.wasm`). Its imports are only those of `wasi:http/proxy` and of Rust's standard library.
pub const WASM: &[u8] = include_bytes!(env!("FUNCSERVER_TEST_GUEST"));

/// Like [`WASM`], with the acts `context` and `config`: it also imports `funcserver:lambda/context` and
/// `wasi:config/store`.
pub const WASM_HOST_IMPORTS: &[u8] = include_bytes!(env!("FUNCSERVER_TEST_GUEST_HOST_IMPORTS"));

/// Like [`WASM`], with the act `block`: it also imports `funcserver:test/block`, which the host has with its feature
/// `test-block`.
pub const WASM_BLOCK: &[u8] = include_bytes!(env!("FUNCSERVER_TEST_GUEST_BLOCK"));

/// The component of `wasi:http` 0.3. Its only imports of 0.2 are those of Rust's standard library.
pub const WASM_P3: &[u8] = include_bytes!(env!("FUNCSERVER_TEST_GUEST_P3"));

/// Loads a component that a test has compiled, or a file that the host rejects. Only for tests.
///
/// # Errors
/// Those of [`Guest::load`].
#[expect(unsafe_code)]
pub fn load(path: &Path, options: impl Into<Options>) -> Result<Guest, LoadError> {
    // SAFETY: a test either compiles the file itself, into a folder of its own, or damages it so that the header check
    // rejects it.
    unsafe { Guest::load(path, options) }
}
