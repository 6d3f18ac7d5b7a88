#![forbid(unsafe_code)]
//! A Lambda function that answers events with a `wasi:http` component, without the loop that fetches the events.
//!
//! [`Host::invoke`] answers one event: in the executable `bootstrap`, in the tool's `serve` and `invoke`, and in your
//! own program (`examples/on_lambda_runtime.rs`). [`task_root`] reads a deployed function: its settings and its
//! component.
//!
//! ```no_run
//! use bytes::Bytes;
//! use funcserver_function::{Context, Host, Outcome, Step};
//!
//! async fn answer(host: &Host, event: Bytes, context: Context) -> Outcome {
//!     let invocation = host.invocation(context);
//!     let (outcome, after) = host.invoke(event, &invocation).await;
//!     // Send the answer here. After that, the handler's remaining work is done, and the outcome is logged.
//!     invocation.tell(&Step::Sent);
//!     after.finish().await;
//!     outcome
//! }
//! ```
//!
//! # Guarantees
//!
//! - Each event has exactly one answer, for every event and every behaviour of the handler: [`Host::invoke`].
//! - All workers on an event share its [`Invocation`]. One of them gets the [`Claim`] on its answer.
//! - Each [`Observer`] receives all steps of an invocation. Nothing else receives them: the log and the metrics are
//!   observers.
//! - One file reads the environment (`config/env.rs`), once, at start.

mod after;
pub mod artifact;
mod batch;
mod caught;
mod compress;
pub mod config;
mod event_call;
pub mod facts;
pub mod failure;
mod host;
mod invocation;
pub mod log;
pub mod marker;
mod metrics;
mod observer;
mod other_event;
mod report;
mod request_log;
mod sandbox;
pub mod secrets;
mod streamed_reply;
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
pub use secrets::Secrets;
pub use streamed_reply::{StreamError, StreamedReply};

/// The output of `--version`: funcserver, wasmtime, and the target.
#[must_use]
pub fn version() -> String {
    format!("{} (wasmtime {}, {})", marker::VERSION, funcserver_engine::WASMTIME_VERSION, marker::TARGET)
}
