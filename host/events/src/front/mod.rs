//! What stands between clients and a function, and sends events: the *front*. Each has a folder with what is its own;
//! what they share is in `http/`, and what all of them are to a host is here.

pub mod alb;
mod envelope;
mod form;
mod options;
mod reply;
#[cfg(test)]
mod tests;

pub(crate) use envelope::Envelope;
pub use form::{Form, FrontLimits};
pub use options::FrontOptions;
pub use reply::{EncodeError, Reply};

use crate::detect::{self, Detected, EventSource};
use bytes::Bytes;
use http::Request;

/// An event, read.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every event is a request, and a box would cost each an allocation"
)]
pub enum Event {
    /// A request that a client sent.
    Http(Incoming),
    /// What comes from elsewhere.
    Other {
        /// Where it comes from.
        source: EventSource,
        /// The event as it is.
        payload: Bytes,
    },
}

/// A request, as a front has passed it on.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The request that the client sent. Its URI has a scheme, an authority, a path and perhaps a query; the hop-by-hop
    /// headers are gone, the `host` header is kept.
    pub request: Request<Bytes>,
    /// How its answer is written.
    pub form: Form,
    /// The ARN of the load balancer's target group, where the event names one.
    pub target_group_arn: Option<String>,
    /// The client's address, without port and brackets.
    pub client: Option<String>,
}

/// Why an event of a front is no request: its contents are wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {reason}")]
pub struct InvalidEvent {
    /// How the answer is written.
    pub form: Form,
    /// The place in the event, as a JSON path like `headers.host` or `multiValueHeaders.accept[1]`; `event` if a value
    /// cannot be read at all.
    pub at: String,
    /// What was found there and what was expected.
    pub reason: String,
}

/// Reads an event: a request, where it comes from a front.
///
/// The names of its members tell which front that is, and the front's own module what it makes of them:
/// [`alb`](alb#from-event-to-request).
///
/// - Path and query are what the client sent, byte for byte; what no URI may hold is percent-encoded.
/// - The scheme is `http` if `X-Forwarded-Proto` says so, else `https`. The authority is the `host` header; where that
///   is missing (health checks) or unusable, it is `localhost`, and the header stays as it is.
/// - Text is UTF-8, in header values too. Hop-by-hop headers are removed, with those that `Connection` names; it cannot
///   name `host` or what the front adds.
/// - Several `cookie` headers are one, joined by `; ` (RFC 9113, section 8.2.3).
/// - Maps and body may be missing, null or empty. Unknown fields are ignored. Of a key that stands in one map twice the
///   last value counts.
///
/// # Errors
/// [`InvalidEvent`] for an event of a front with a wrong type or value, and for what exceeds the `http` crate: 24,576
/// header names, 65,534 bytes of path and query.
///
/// No input makes it panic, and what it allocates is bounded by its input.
pub fn decode(event: &Bytes, options: &FrontOptions) -> Result<Event, InvalidEvent> {
    match detect::read(event) {
        Detected::Alb(envelope) => alb::decode(envelope, options.trusted_hops).map(Event::Http),
        Detected::Unreadable { form, reason } => Err(InvalidEvent { form, at: "event".into(), reason }),
        Detected::Other => Ok(Event::Other { source: EventSource::of(event), payload: event.clone() }),
    }
}
