#![deny(unsafe_code)]
//! The AWS Lambda custom runtime that answers load balancer events with a `wasi:http` component.
//!
//! [`start::run`] is the executable `bootstrap`. [`Host::invoke`] answers one event, in Lambda and in the tool's `serve`
//! and `invoke` alike.

pub mod artifact;
pub mod config;
mod connection;
mod extension;
pub mod facts;
pub mod failure;
mod host;
pub mod log;
pub mod marker;
mod metrics;
mod request_log;
mod runtime;
mod runtime_api;
mod sandbox;
pub mod start;
mod warm_up;

pub use host::{After, Context, Host, Outcome, Times};
pub use marker::MARKER;
pub use sandbox::Sandbox;

/// What `--version` prints: funcserver, wasmtime, and the target.
#[must_use]
pub fn version() -> String {
    format!("{} (wasmtime {}, {})", marker::VERSION, funcserver_engine::WASMTIME_VERSION, marker::TARGET)
}
