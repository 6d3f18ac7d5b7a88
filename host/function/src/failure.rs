//! Replies of the host, for requests whose handler gives no reply: a short text, the request id, and the header
//! `x-funcserver-error` with one of a closed list of kinds.

use bytes::Bytes;
use funcserver_engine::Fault;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

/// The header with the kind of the failure.
pub const ERROR: HeaderName = HeaderName::from_static("x-funcserver-error");

/// The prefix of the error type for a fault that is reported as an invocation error. The kind follows.
const FAULT: &str = "Funcserver.Fault.";

/// The kind of a failure, as clients and operators see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The event's contents are wrong: 400.
    BadEvent,
    /// A client asked for the path of events: 404.
    EventPath,
    /// The guest trapped: 500.
    Trap,
    /// The guest exhausted its stack: 500.
    Stack,
    /// The guest exited before its answer was complete: 500.
    Exit,
    /// The guest needs more memory than its limit: 500.
    Memory,
    /// The component could not be instantiated: 500.
    Instantiate,
    /// The guest returned without an answer, or answered with an error code: 500.
    NoAnswer,
    /// The guest broke off its body: 500.
    BodyBroken,
    /// An error in the host itself: 500.
    Host,
    /// The guest's answer has a status that cannot be sent: 502.
    Status,
    /// The guest's headers are too large: 502.
    HeadersTooLarge,
    /// The reply is too large: 502.
    ReplyTooLarge,
    /// The guest sets more cookies than single-value headers can carry: 502.
    Cookies,
    /// The guest's content-length contradicts its body: 502.
    Length,
    /// The answer was not complete when it was due: 504.
    Deadline,
}

impl Kind {
    /// The closed list.
    pub const ALL: [Self; 16] = [
        Self::BadEvent,
        Self::EventPath,
        Self::Trap,
        Self::Stack,
        Self::Exit,
        Self::Memory,
        Self::Instantiate,
        Self::NoAnswer,
        Self::BodyBroken,
        Self::Host,
        Self::Status,
        Self::HeadersTooLarge,
        Self::ReplyTooLarge,
        Self::Cookies,
        Self::Length,
        Self::Deadline,
    ];

    /// The value of the header [`ERROR`].
    #[must_use]
    pub fn name(self) -> &'static str {
        self.facts().0
    }

    /// Lambda's `errorType` for a failure of this kind.
    #[must_use]
    pub fn error_type(self) -> String {
        format!("{FAULT}{}", self.name())
    }

    /// The status of the reply.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.facts().1
    }

    fn facts(self) -> (&'static str, StatusCode, &'static str) {
        const FAILED: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;
        const UNSENDABLE: StatusCode = StatusCode::BAD_GATEWAY;
        match self {
            Self::BadEvent => ("bad-event", StatusCode::BAD_REQUEST, "the request cannot be understood"),
            Self::EventPath => ("event-path", StatusCode::NOT_FOUND, "there is nothing here"),
            Self::Trap => ("trap", FAILED, "the handler failed"),
            Self::Stack => ("stack", FAILED, "the handler exhausted its stack"),
            Self::Exit => ("exit", FAILED, "the handler ended before it had answered"),
            Self::Memory => ("memory", FAILED, "the handler exhausted its memory"),
            Self::Instantiate => ("instantiate", FAILED, "the handler cannot start"),
            Self::NoAnswer => ("no-answer", FAILED, "the handler gave no answer"),
            Self::BodyBroken => ("body-broken", FAILED, "the handler broke off its answer"),
            Self::Host => ("host", FAILED, "the server failed"),
            Self::Status => ("status", UNSENDABLE, "the handler answered with a status that cannot be sent"),
            Self::HeadersTooLarge => ("headers-too-large", UNSENDABLE, "the handler's headers are too large"),
            Self::ReplyTooLarge => ("reply-too-large", UNSENDABLE, "the handler's answer is too large"),
            Self::Cookies => ("cookies", UNSENDABLE, "the handler sets too many cookies"),
            Self::Length => ("length", UNSENDABLE, "the length that the handler stated is not that of its answer"),
            Self::Deadline => ("deadline", StatusCode::GATEWAY_TIMEOUT, "the handler did not answer in time"),
        }
    }

    /// The reply for the client. Details for the operator are only in the log.
    pub(crate) fn response(self, request_id: &str) -> Response<Bytes> {
        let (name, status, text) = self.facts();
        let body = format!("{} {}: {text} (request id {request_id})\n", status.as_u16(), reason(status));
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(ERROR, HeaderValue::from_static(name));
        response
    }
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}

impl From<&Fault> for Kind {
    fn from(fault: &Fault) -> Self {
        match fault {
            Fault::Trap(_) => Self::Trap,
            Fault::Stack(_) => Self::Stack,
            Fault::Exit(_) => Self::Exit,
            Fault::Memory { .. } | Fault::ProcessMemory { .. } => Self::Memory,
            Fault::Instantiate(_) => Self::Instantiate,
            Fault::NoAnswer | Fault::ErrorCode(_) => Self::NoAnswer,
            Fault::BodyBroken(_) => Self::BodyBroken,
            Fault::Length { .. } => Self::Length,
            Fault::BodyTooLarge { .. } => Self::ReplyTooLarge,
            Fault::Deadline => Self::Deadline,
        }
    }
}
