#![deny(unsafe_code)]
//! The components that the tests of the host run: they mirror requests, and misbehave on demand. Their sources, and what
//! they can do, are in `guest/` (`wasi:http` 0.2) and `guest-p3/` (0.3).

mod compiled;
mod event;

use std::path::Path;

use funcserver_engine::{Guest, LoadError, Options};

pub use compiled::compiled;
pub use event::{act, answer};

/// The component (`.wasm`). It imports only what `wasi:http/proxy` and Rust's standard library ask for.
pub const WASM: &[u8] = include_bytes!(env!("FUNCSERVER_TEST_GUEST"));

/// The same with the acts `context` and `config`: it imports `funcserver:lambda/context` and `wasi:config/store` too.
pub const WASM_HOST_IMPORTS: &[u8] = include_bytes!(env!("FUNCSERVER_TEST_GUEST_HOST_IMPORTS"));

/// The same with the act `block`: it imports `funcserver:test/block`, which the host offers with its feature `test-block`.
pub const WASM_BLOCK: &[u8] = include_bytes!(env!("FUNCSERVER_TEST_GUEST_BLOCK"));

/// The component of `wasi:http` 0.3. Of 0.2 it imports only what Rust's standard library asks for.
pub const WASM_P3: &[u8] = include_bytes!(env!("FUNCSERVER_TEST_GUEST_P3"));

/// Loads what a test has compiled, or a file that is refused. For tests alone.
///
/// # Errors
/// Those of [`Guest::load`].
#[expect(unsafe_code)]
pub fn load(path: &Path, options: impl Into<Options>) -> Result<Guest, LoadError> {
    // SAFETY: tests compile what they load, into a folder of their own, or spoil what the header check refuses.
    unsafe { Guest::load(path, options) }
}
