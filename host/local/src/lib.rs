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
//!     // Ready when the load balancer is to stop.
//!     let shutdown = std::future::pending();
//!     serve(listener, BalancerOptions::default(), greet, shutdown).await?;
//!     Ok(())
//! }
//! ```
//!
//! # What holds
//!
//! - The load balancer refuses what the real one refuses, in requests and in replies. [`balancer`] lists each case, and
//!   those in which the HTTP parser differs.
//! - Whatever the handler answers, the client gets a response: the reply, or an error page that says what is wrong.
//! - The load balancer listens where its caller says; a Runtime API listens on loopback alone.
//! - A program starts with none of the caller's environment variables. Nothing else contains it: it can do what the
//!   user who started it can do.
//! - Dropping an [`Environment`](environment::Environment) kills its processes, and with each its whole process group.

pub mod balancer;
pub mod environment;
mod error;
mod function;
pub mod health;
mod id;
pub mod runtime_api;

pub use error::{InvocationError, InvocationErrorKind};
pub use function::Function;
pub use id::request_id;
