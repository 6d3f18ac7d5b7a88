//! Outgoing `wasi:http` requests and TCP connections: the allow list, the pooled client, and sockets.

use std::path::PathBuf;
use std::sync::Arc;

use http::uri::Authority;

mod address;
mod allow;
mod budget;
mod buffered_body;
mod client;
mod connection;
mod connection_state;
mod dial;
mod empty_frames;
mod error;
mod failure;
mod framing;
mod gate;
mod headers;
mod hooks;
mod host_client;
mod ip_network;
mod lease;
mod lookups;
mod notice;
mod origin;
mod pool;
mod redact;
mod refused_body;
mod request_body;
mod resolve;
mod response_body;
mod retry;
mod roots;
mod secure;
mod sender;
mod sign_aws;
mod signing;
mod socket;
mod socket_stream;
mod sockets;
mod stand_ins;
#[cfg(test)]
mod tests;
mod tls_overhead;
mod unsent;

pub use allow::{Allow, AllowError};
pub use client::MAX_SOCKETS;
pub use host_client::{HostClient, HostRequestError};
pub use notice::Notice;
pub use redact::redacted;
pub use resolve::{Resolve, Resolving, SystemResolver};
pub use roots::check_roots;
pub use sign_aws::SignAws;
pub use signing::Signing;

pub(crate) use client::Client;
pub(crate) use hooks::Hooks;
pub(crate) use socket::{Socket, SocketError};
pub(crate) use socket_stream::{Broken, SocketStream};
pub(crate) use sockets::{Lookup, Sockets};

/// The servers that a guest may call, and how. The default allows none.
#[derive(Clone)]
pub struct Network {
    /// The origins that may be called.
    pub allow: Allow,
    /// What the host signs, which is allowed thereby.
    pub signing: Option<Signing>,
    /// The host and port (default 80) of Lambda's Runtime API, which can never be called, even if an entry matches it.
    pub reserved: Option<Authority>,
    /// A PEM file with the trusted root certificates. The default is the file of the operating system.
    pub roots: Option<PathBuf>,
    /// A PEM file with root certificates that are trusted besides those.
    pub ca: Option<PathBuf>,
    /// Resolves names.
    pub resolver: Arc<dyn Resolve>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            allow: Allow::default(),
            signing: None,
            reserved: None,
            roots: None,
            ca: None,
            resolver: Arc::new(SystemResolver),
        }
    }
}
