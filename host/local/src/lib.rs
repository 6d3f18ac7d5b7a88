#![forbid(unsafe_code)]
//! What stands around a function in the cloud, on a developer's machine: an Application Load Balancer in front of it, and
//! Lambda's Runtime API and execution environments behind it.
//!
//! ```text
//! client ──HTTP/1.1──► balancer ──event──► a handler in this process
//!                                     └──► environment::Fleet ──► runtime_api ──► any custom runtime
//! ```
//!
//! It imitates what one function meets, for development, tests and benchmarks. It listens where its caller says, and
//! trusts the programs that it starts as much as their user does.

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
