#![forbid(unsafe_code)]
//! The AWS Lambda custom runtime that answers load balancer events with a `wasi:http` component.
//!
//! [`start::run`] is the executable `bootstrap`. [`Host::invoke`] answers one event, in Lambda as well as in the tool's
//! `serve` and `invoke`.

mod after;
pub mod artifact;
mod caught;
pub mod config;
pub mod facts;
pub mod failure;
mod host;
mod invocation;
pub mod log;
pub mod marker;
mod metrics;
mod observer;
mod report;
mod request_log;
mod sandbox;
pub mod task_root;
mod warm_up;

pub use after::After;
pub use caught::{Panic, log_panics};
pub use host::{Host, Outcome};
pub use invocation::{Claim, Context, Invocation, Margins};
pub use marker::MARKER;
pub use observer::{Late, Observer, Observers, Step};
pub use report::Report;
pub use sandbox::Sandbox;

/// The output of `--version`: funcserver, wasmtime, and the target.
#[must_use]
pub fn version() -> String {
    format!("{} (wasmtime {}, {})", marker::VERSION, funcserver_engine::WASMTIME_VERSION, marker::TARGET)
}
