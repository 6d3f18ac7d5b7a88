//! Why there is no response.

use std::io;
use std::sync::Arc;

use super::connection::FLOODED;
use super::gate::{Closed, Denial};
use super::roots::RootsError;

/// The text is what an operator reads.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Roots(RootsError),
    #[error("{}", .0.reason)]
    Denied(Denial),
    #[error("the name cannot be resolved: {0}")]
    Unresolved(Arc<io::Error>),
    #[error("the name has no address")]
    NoAddress,
    #[error("no answer from the name server in the time for a connection{}", if *.busy { OTHERS } else { "" })]
    LookupTimeout {
        /// Other names are looked up, as many as can be at once.
        busy: bool,
    },
    #[error("as many connections are in use as there can be, to this server or in all, and none became free in time")]
    NoRoom,
    #[error("no connection in the time for one, which counts the lookup of the name, TCP and TLS together")]
    ConnectTimeout,
    #[error("no connection")]
    Connect(#[source] io::Error),
    #[error("no connection")]
    Handshake(#[source] hyper::Error),
    #[error("no response")]
    Request(#[source] hyper::Error),
    #[error("{FLOODED}")]
    Flooded,
    /// No response in the time that the guest allows.
    #[error("no response in the time that the handler allows")]
    ResponseTimeout,
}

const OTHERS: &str = ": as many other names are being looked up as can be at once";

impl From<Closed> for Failure {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Denied(denial) => Self::Denied(denial),
            Closed::Unresolved(error) => Self::Unresolved(error),
            Closed::Empty => Self::NoAddress,
        }
    }
}
