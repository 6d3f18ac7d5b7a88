//! Front ends: the services between clients and a function, which send events. Each has a folder of its own. The code
//! that they share is in `http/`. This module has the interface that is the same for all of them.

pub mod alb;
pub mod api_gateway_v1;
pub mod api_gateway_v2;
mod context;
mod cookie_case;
mod envelope;
mod event_error;
mod event_facts;
mod event_parts;
mod form;
mod kind;
pub mod lattice;
mod losses;
mod options;
mod reply;
mod reply_document;
mod reply_error;
mod sendable;
mod stream_form;
#[cfg(test)]
mod tests;

pub(crate) use context::RequestContext;
pub(crate) use envelope::Envelope;
pub use event_error::EventError;
pub use event_facts::EventFacts;
pub(crate) use form::LAMBDA_LIMITS;
pub use form::{Form, FrontLimits};
pub use kind::FrontKind;
pub use losses::{HeaderLoss, Losses, PathLoss, QueryLoss};
pub use options::FrontOptions;
pub use reply::{EncodeError, Reply};
pub use reply_error::ReplyError;
pub use stream_form::StreamForm;

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
    /// The ARN of the target group of a load balancer or VPC Lattice, if the event has it.
    pub target_group_arn: Option<String>,
    /// The client's IP address, without port and brackets.
    pub client: Option<String>,
    /// The event's `requestContext` as JSON that a header can carry. A load balancer's has nothing but the target group.
    pub request_context: Option<String>,
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
/// [`alb`](alb#from-event-to-request), [`api_gateway_v1`](api_gateway_v1#from-event-to-request),
/// [`api_gateway_v2`](api_gateway_v2#from-event-to-request), [`lattice`](lattice#from-event-to-request).
///
/// - Path and query are what the client sent, byte for byte, but bytes that a URI must not contain are percent-encoded.
///   What a front end has decoded is encoded again.
/// - The scheme is `http` if `X-Forwarded-Proto` says so, otherwise `https`. The authority is the `host` header. If
///   that is missing (health checks) or unusable, it is the domain that an API or function URL names, or `localhost`.
///   The header is not changed.
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
        Detected::Http(kind, envelope) => match kind {
            FrontKind::Alb(_) => alb::decode(envelope, options.trusted_hops),
            FrontKind::Url | FrontKind::HttpApi2 => api_gateway_v2::decode(kind, envelope),
            FrontKind::Rest | FrontKind::HttpApi1 => api_gateway_v1::decode(kind, envelope),
            FrontKind::Lattice2 | FrontKind::Lattice1 => lattice::decode(kind, envelope, options.trusted_hops),
        }
        .map(Event::Http),
        Detected::Unreadable { form, reason } => Err(InvalidEvent { form, at: "event".into(), reason }),
        Detected::Other => Ok(Event::Other { source: EventSource::of(event), payload: event.clone() }),
    }
}

impl FrontKind {
    /// Encodes a request as the event that this front end would send.
    ///
    /// The request's URI may have only a path and a query, as a server reads them. Without a `host` header, the URI's
    /// authority becomes that header. Headers that the front end adds, such as `X-Forwarded-For`, are the caller's to
    /// add. [`normal_form`](Self::normal_form) states what the event loses.
    ///
    /// # Errors
    /// The target is not a path (`*`), or a header value is not UTF-8.
    pub fn event(self, request: &Request<Bytes>, facts: &EventFacts) -> Result<Vec<u8>, EventError> {
        match self {
            Self::Alb(mode) => alb::event(request, mode, &facts.target_group_arn),
            Self::Url | Self::HttpApi2 => api_gateway_v2::event(self, request, facts),
            Self::Rest | Self::HttpApi1 => api_gateway_v1::event(self, request, facts),
            Self::Lattice2 | Self::Lattice1 => lattice::event(self, request, facts),
        }
    }
}
