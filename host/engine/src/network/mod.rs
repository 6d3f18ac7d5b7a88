//! Outgoing `wasi:http` requests: what a guest may call, and the pooled client that calls it.

use std::path::PathBuf;
use std::sync::Arc;

use http::uri::Authority;

mod address;
mod allow;
mod budget;
mod client;
mod connection;
mod dial;
mod error;
mod failure;
mod frames;
mod framing;
mod gate;
mod headers;
mod hooks;
mod lease;
mod link;
mod lookups;
mod notice;
mod origin;
mod pool;
mod request_body;
mod resolve;
mod response_body;
mod retry;
mod roots;
mod sender;
#[cfg(test)]
mod tests;
mod unsent;

pub use allow::{Allow, AllowError};
pub use notice::Notice;
pub use resolve::{Resolve, Resolving, SystemResolver};

pub(crate) use client::Client;
pub(crate) use hooks::Hooks;

/// What a guest may reach, and how. By default: nothing.
#[derive(Clone)]
pub struct Network {
    /// The origins that may be called.
    pub allow: Allow,
    /// What may never be reached, whatever is allowed: host and port (80 if there is none) of Lambda's Runtime API.
    pub reserved: Option<Authority>,
    /// A PEM file of the root certificates that are trusted; without it, the file in which the system keeps its own.
    pub roots: Option<PathBuf>,
    /// Resolves names.
    pub resolver: Arc<dyn Resolve>,
}

impl Default for Network {
    fn default() -> Self {
        Self { allow: Allow::default(), reserved: None, roots: None, resolver: Arc::new(SystemResolver) }
    }
}
