#![deny(unsafe_code)]
//! The AWS Lambda custom runtime that answers load balancer events with a `wasi:http` component.
//!
//! [`start::run`] is the executable `bootstrap`. [`Host::invoke`] answers one event, in Lambda and in the tool's `serve`
//! and `invoke` alike.

mod after;
pub mod artifact;
mod caught;
pub mod config;
mod connection;
mod extension;
pub mod facts;
pub mod failure;
mod host;
mod invocation;
pub mod log;
pub mod marker;
mod metrics;
mod report;
mod request_log;
mod runtime;
mod runtime_api;
mod sandbox;
pub mod start;
mod timer;
mod warm_up;
mod watchdog;

pub use after::After;
pub use host::{Host, Outcome, Times};
pub use invocation::{Context, Invocation};
pub use marker::MARKER;
pub use sandbox::Sandbox;

/// What `--version` prints: funcserver, wasmtime, and the target.
#[must_use]
pub fn version() -> String {
    format!("{} (wasmtime {}, {})", marker::VERSION, funcserver_engine::WASMTIME_VERSION, marker::TARGET)
}
