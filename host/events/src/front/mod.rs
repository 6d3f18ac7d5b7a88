//! Front ends: the services between clients and a function, which send events. Each has a folder of its own. The code
//! that they share is in `http/`. This module has the interface that is the same for all of them.

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

use bytes::Bytes;
use http::Request;

use crate::detect::{self, Detected, EventSource};

/// A decoded event.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every event is a request, and a box would cost each an allocation"
)]
pub enum Event {
    /// A request that a client sent.
    Http(Incoming),
    /// An event of another service.
    Other {
        /// The service that it comes from.
        source: EventSource,
        /// The event, unchanged.
        payload: Bytes,
    },
}

/// An HTTP request that a front end has passed on.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The request that the client sent. Its URI has a scheme, an authority, a path and perhaps a query. Hop-by-hop
    /// headers are removed, the `host` header is kept.
    pub request: Request<Bytes>,
    /// The form of its reply.
    pub form: Form,
    /// The ARN of the load balancer's target group, if the event has it.
    pub target_group_arn: Option<String>,
    /// The client's IP address, without port and brackets.
    pub client: Option<String>,
}

/// The error for an event of a front end with invalid contents.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {reason}")]
pub struct InvalidEvent {
    /// The form of the reply.
    pub form: Form,
    /// The path of the value in the event, for example `headers.host` or `multiValueHeaders.accept[1]`. It is `event`
    /// if a value cannot be read at all.
    pub at: String,
    /// The expected and the found value.
    pub reason: String,
}

/// Decodes an event into a request, if a front end sent it.
///
/// The names of its members identify the front end. The rules of each front end are in its own module:
/// [`alb`](alb#from-event-to-request).
///
/// - Path and query are what the client sent, byte for byte, but bytes that a URI must not contain are percent-encoded.
/// - The scheme is `http` if `X-Forwarded-Proto` says so, otherwise `https`. The authority is the `host` header. If
///   that is missing (health checks) or unusable, the authority is `localhost`, and the header is not changed.
/// - Text is UTF-8, in header values too. Hop-by-hop headers are removed, including those that `Connection` lists,
///   except `host` and the headers that the front end adds.
/// - Several `cookie` headers become one, joined by `; ` (RFC 9113, section 8.2.3).
/// - Maps and body may be missing, null or empty. Unknown fields are ignored. If a map repeats a key, the last value
///   counts.
///
/// # Errors
/// [`InvalidEvent`] if an event of a front end has a wrong type or value, or exceeds a limit of the `http` crate:
/// 24,576 header names, 65,534 bytes of path and query.
///
/// No input causes a panic, and allocations are bounded by the size of the input.
pub fn decode(event: &Bytes, options: &FrontOptions) -> Result<Event, InvalidEvent> {
    match detect::read(event) {
        Detected::Alb(envelope) => alb::decode(envelope, options.trusted_hops).map(Event::Http),
        Detected::Unreadable { form, reason } => Err(InvalidEvent { form, at: "event".into(), reason }),
        Detected::Other => Ok(Event::Other { source: EventSource::of(event), payload: event.clone() }),
    }
}
