#![forbid(unsafe_code)]
//! A Lambda function that answers events with a `wasi:http` component, without the loop that brings the events.
//!
//! [`Host::invoke`] answers one event: in the executable `bootstrap`, in the tool's `serve` and `invoke`, and in a program of
//! yours (`examples/on_lambda_runtime.rs`). [`task_root`] reads a deployed function: its settings and its component.
//!
//! ```no_run
//! use bytes::Bytes;
//! use funcserver_function::{Context, Host, Outcome, Step};
//!
//! async fn answer(host: &Host, event: Bytes, context: Context) -> Outcome {
//!     let invocation = host.invocation(context);
//!     let (outcome, after) = host.invoke(event, &invocation).await;
//!     // Here the answer would be sent. Then comes what the handler still does, and the log is told what became of the event.
//!     invocation.tell(&Step::Sent);
//!     after.finish().await;
//!     outcome
//! }
//! ```
//!
//! # What holds
//!
//! - Each event has one answer, whatever it holds and whatever the handler does: [`Host::invoke`] is total.
//! - An [`Invocation`] is shared by all who work on it. One of them gets the [`Claim`] on its answer.
//! - What happens to an invocation is told to each [`Observer`] and to nothing else; the log and the metrics are observers.
//! - One file reads the environment (`config/env.rs`), once, at start.

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

/// What `--version` prints: funcserver, wasmtime, and the target.
#[must_use]
pub fn version() -> String {
    format!("{} (wasmtime {}, {})", marker::VERSION, funcserver_engine::WASMTIME_VERSION, marker::TARGET)
}
