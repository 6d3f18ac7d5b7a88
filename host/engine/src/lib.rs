//! Runs a precompiled `wasi:http` component as an HTTP handler.
//!
//! A [`Runtime`] loads components that `compile` made (feature `compile`). [`Guest::handle`] answers one request with one
//! instance of a component: a fresh one, or, if [`Reuse`] allows it, one that has served before. Requests and responses
//! are the types of the `http` crate. A request's body is whole. A response's [`Body`] may still be coming:
//! [`Answer::whole`] waits for all of it, [`Answer::open`] does not.
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::{Duration, Instant};
//!
//! use bytes::Bytes;
//! use funcserver_engine::{Call, Guest, GuestStep};
//!
//! /// Sets the deadline of its call, and prints the lines that the handler logs.
//! struct Console(Instant);
//!
//! impl Call for Console {
//!     fn deadline(&self) -> Instant {
//!         self.0
//!     }
//!
//!     fn on(&self, step: GuestStep<'_>) {
//!         if let GuestStep::Lines(lines) = step {
//!             lines.iter().for_each(|line| eprintln!("{line}"));
//!         }
//!     }
//! }
//!
//! // `Runtime::load` creates the guest. Calling it is unsafe, because it loads machine code.
//! async fn say_hello(guest: &Guest) -> Result<(), Box<dyn std::error::Error>> {
//!     let request = http::Request::get("https://example.com/hello").body(Bytes::new())?;
//!     let call = Arc::new(Console(Instant::now() + Duration::from_secs(3)));
//!     let answer = guest.handle(request, call).await.whole(1 << 20).await;
//!     let response = answer.result?;
//!     println!("{}: {} bytes", response.status(), response.body().len());
//!     // The client has its answer. Now the instance is dropped or kept, and the next one is created.
//!     answer.after.finish().await;
//!     Ok(())
//! }
//! ```
//!
//! # Guarantees
//!
//! - Each request has one answer, at its deadline at the latest, even if the guest misbehaves.
//! - A guest can use the resources that [`Grants`] and [`Network`] name, and nothing else of the host. One table
//!   (`interfaces/`) lists the interfaces that it may import: a component that [`World::handler`] accepts can be
//!   linked.
//! - Memory that the host holds for a guest counts as the guest's: [`Limits`].
//! - Nothing outlives its request except the instances that [`Reuse`] keeps and the work that [`After`] ends.
//! - Components are compiled and run with the same settings (`config.rs`).
//! - This is the only crate that depends on wasmtime, and its public API contains no type of wasmtime.

#![deny(unsafe_code)]
#![warn(missing_docs)]

mod answer;
mod call;
#[cfg(feature = "compile")]
pub mod compile;
mod config;
mod content_length;
#[cfg(feature = "compile")]
pub mod data_segments;
mod descriptors;
mod dump;
mod engines;
mod excerpt;
mod exchange;
mod fault;
mod file_kind;
mod gauge;
mod grants;
mod guest;
mod guest_variables;
#[cfg(feature = "compile")]
mod image;
mod incoming;
mod instance;
mod instances;
mod interfaces;
mod limits;
mod link;
mod listing;
mod load_error;
mod map;
mod memory_left;
#[cfg(feature = "compile")]
pub mod nesting;
mod network;
mod open_body;
mod output;
mod p2;
mod p3;
mod pool;
#[cfg(feature = "compile")]
pub mod preinit;
mod proposal;
mod reuse;
mod runtime;
mod scratch;
mod shared;
#[cfg(feature = "compile")]
pub mod source_map;
mod state;
mod stealable;
mod target;
mod ticker;
#[cfg(feature = "compile")]
mod trim;
mod weigh;
mod world;

pub use answer::{After, Answer, Body, BodyPieces, WholeAnswer};
pub use call::{Call, Facts, GuestStep, InstanceAge, Lines, LogLevel, LogMessage, Stream};
pub use config::Calls;
pub use fault::{Crash, Fault, Frame};
pub use file_kind::{FileKind, Precompiled};
pub use grants::Grants;
pub use guest::{Guest, GuestOptions};
pub use limits::Limits;
pub use load_error::LoadError;
pub use network::{
    Allow, AllowError, HostClient, HostRequestError, MAX_SOCKETS, Network, Notice, Resolve, Resolving, SignAws,
    Signing, SystemResolver, check_roots, redacted,
};
pub use proposal::{PROPOSALS, Proposal};
pub use reuse::Reuse;
pub use runtime::Runtime;
pub use stealable::{at_work, stealable};
pub use target::{Arch, Target, UnknownArch};
pub use world::{HandlerVersion, Misfit, MissingImports, MissingPackage, World};

/// The exact version of wasmtime that compiles and runs components.
///
/// A compiled component loads in hosts with the same major version. The exact version matters if a security fix in code
/// generation requires recompiling.
pub const WASMTIME_VERSION: &str = "48.0.8";

#[cfg(test)]
mod tests {
    #[test]
    fn the_stated_version_is_the_locked_one() {
        let lock = include_str!("../../../Cargo.lock");
        let stated = format!("name = \"wasmtime\"\nversion = \"{}\"", super::WASMTIME_VERSION);
        assert!(lock.contains(&stated), "Cargo.lock has another version of wasmtime than WASMTIME_VERSION");
    }
}
