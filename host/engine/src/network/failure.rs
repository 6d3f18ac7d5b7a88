//! The reasons for a missing response.

use std::io;
use std::sync::Arc;

use super::connection::FLOODED;
use super::gate::{Closed, Denial};
use super::roots::RootsError;

/// The reason why a request has no response. The text is for operators.
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
    #[error("the name server did not answer within the connect timeout{}", if *.busy { OTHERS } else { "" })]
    LookupTimeout {
        /// Whether the limit of concurrent lookups was reached.
        busy: bool,
    },
    #[error("the limit of connections, to this server or in total, was reached, and none became free in time")]
    NoRoom,
    #[error("the connect timeout passed, which includes the name lookup, TCP and TLS")]
    ConnectTimeout,
    #[error("no connection")]
    Connect(#[source] io::Error),
    #[error("no connection")]
    Handshake(#[source] hyper::Error),
    #[error("no response")]
    Request(#[source] hyper::Error),
    #[error("{FLOODED}")]
    Flooded,
    /// No response within the guest's own timeout.
    #[error("no response within the handler's timeout")]
    ResponseTimeout,
}

const OTHERS: &str = ": the limit of concurrent name lookups was reached";

impl From<Closed> for Failure {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Denied(denial) => Self::Denied(denial),
            Closed::Unresolved(error) => Self::Unresolved(error),
            Closed::Empty => Self::NoAddress,
        }
    }
}
