#![forbid(unsafe_code)]
//! The component that the tests of the host run: it mirrors requests, and misbehaves on demand. Its source, and what it
//! can do, is in `guest/`.

/// The component (`.wasm`). It imports only what `wasi:http/proxy` and Rust's standard library ask for.
pub const WASM: &[u8] = include_bytes!(env!("FUNCSERVER_TEST_GUEST"));

/// The same with the acts `context` and `config`: it imports `funcserver:lambda/context` and `wasi:config/store` too.
pub const WASM_HOST_IMPORTS: &[u8] = include_bytes!(env!("FUNCSERVER_TEST_GUEST_HOST_IMPORTS"));
