#![forbid(unsafe_code)]
//! Runs a function on a developer's machine as the cloud would: behind an Application Load Balancer with its health
//! checks, and in execution environments with Lambda's Runtime API. For development, tests and benchmarks.
//!
//! ```text
//! client ──HTTP/1.1──► balancer ──event──► a handler in this process
//!                                     └──► environment::Fleet ──► runtime_api ──► any custom runtime
//! ```
//!
//! [`balancer::serve`] turns HTTP requests into events for a [`Handler`](balancer::Handler): a closure, or the
//! processes of an [`environment::Fleet`]. [`health::HealthCheck`] sends the same handler a target group's checks.
//!
//! ```no_run
//! use bytes::Bytes;
//! use funcserver_local::InvocationError;
//! use funcserver_local::balancer::{BalancerOptions, serve};
//! use tokio::net::TcpListener;
//!
//! async fn greet(_event: Bytes) -> Result<Bytes, InvocationError> {
//!     Ok(Bytes::from_static(br#"{"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": "hello"}"#))
//! }
//!
//! async fn run() -> std::io::Result<()> {
//!     let listener = TcpListener::bind("127.0.0.1:8080").await?;
//!     // Completes when the load balancer should stop.
//!     let shutdown = std::future::pending();
//!     serve(listener, BalancerOptions::default(), greet, shutdown).await?;
//!     Ok(())
//! }
//! ```
//!
//! # Guarantees
//!
//! - The load balancer rejects the same requests and replies as the real one. [`balancer`] lists each case, and the
//!   differences that are due to the HTTP parser.
//! - The client always gets a response: the handler's reply, or an error page with the reason.
//! - The load balancer uses the listener of its caller. A Runtime API listens on loopback only.
//! - A program starts without the caller's environment variables. It is not confined otherwise: it can do everything
//!   that the user who started it can do.
//! - Dropping an [`Environment`](environment::Environment) kills its processes, each with its whole process group.

mod accept;
pub mod balancer;
pub mod environment;
mod error;
mod function;
pub mod health;
mod id;
mod reply;
pub mod runtime_api;

pub use error::{InvocationError, InvocationErrorKind};
pub use function::Function;
pub use id::request_id;
pub use reply::{FunctionReply, MAX_STREAM, ReplyStream, ReplyWriter};
