//! Runs a precompiled `wasi:http` component as an HTTP handler.
//!
//! [`Guest::load`] maps a component that [`compile`] made (feature `compile`), and [`Guest::handle`] answers one request
//! with one instance of it: a fresh one, or where [`Reuse`] says so, one that has served before. Requests and responses are
//! the types of the `http` crate with whole bodies: a load balancer's event carries no streams.
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::{Duration, Instant};
//!
//! use bytes::Bytes;
//! use funcserver_engine::{Call, Guest, GuestStep};
//!
//! /// Asks for an answer by then, and prints what the handler logs.
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
//! // `Guest::load` made the guest. Calling it is unsafe, as what it loads is machine code.
//! async fn say_hello(guest: &Guest) -> Result<(), Box<dyn std::error::Error>> {
//!     let request = http::Request::get("https://example.com/hello").body(Bytes::new())?;
//!     let call = Arc::new(Console(Instant::now() + Duration::from_secs(3)));
//!     let answer = guest.handle(request, call).await.whole(1 << 20).await;
//!     let response = answer.result?;
//!     println!("{}: {} bytes", response.status(), response.body().len());
//!     // The client has its answer: now the instance is dropped or kept, and the next one is made.
//!     answer.after.finish().await;
//!     Ok(())
//! }
//! ```
//!
//! # What holds
//!
//! - Each request has one answer, at its deadline at the latest, whatever the guest does.
//! - A guest reaches what [`Grants`] and [`Network`] name, and nothing else of the host. The interfaces that it may import are
//!   in one table (`interfaces/`): what [`World::handler`] says will run, links.
//! - What a guest makes the host hold counts as the guest's: [`Limits`].
//! - Nothing outlives its request but what [`Reuse`] keeps, and what [`After`] ends.
//! - Components are compiled and run with the same settings (`config.rs`).
//! - This is the only crate that knows wasmtime; nothing of wasmtime appears in its public API.

#![deny(unsafe_code)]
#![warn(missing_docs)]

mod answer;
mod call;
#[cfg(feature = "compile")]
pub mod compile;
mod config;
mod content_length;
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
pub use call::{Call, Facts, GuestStep, InstanceAge, Lines, Stream};
pub use config::Calls;
pub use fault::{Crash, Fault, Frame};
pub use file_kind::{FileKind, Precompiled};
pub use grants::Grants;
pub use guest::{Guest, GuestOptions};
pub use limits::Limits;
pub use load_error::LoadError;
pub use network::{Allow, AllowError, Network, Notice, Resolve, Resolving, SystemResolver};
pub use proposal::{PROPOSALS, Proposal};
pub use reuse::Reuse;
pub use runtime::Runtime;
pub use stealable::{at_work, stealable};
pub use target::{Arch, Target, UnknownArch};
pub use world::{HandlerVersion, Misfit, World};

/// The exact version of wasmtime that compiles and runs components here.
///
/// A component fits a host of the same major version; the exact one matters when a security fix in code generation
/// asks for a new compilation.
pub const WASMTIME_VERSION: &str = "48.0.8";

#[cfg(test)]
mod tests {
    #[test]
    fn the_stated_version_is_the_locked_one() {
        let lock = include_str!("../../../Cargo.lock");
        let stated = format!("name = \"wasmtime\"\nversion = \"{}\"", super::WASMTIME_VERSION);
        assert!(lock.contains(&stated), "Cargo.lock holds another wasmtime than WASMTIME_VERSION states");
    }
}
