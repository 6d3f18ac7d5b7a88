//! The form of a streamed reply: a prelude of JSON with status and headers, eight NUL bytes, and the body as it comes.
//!
//! Source: AWS, *Lambda developer guide*, "Building a custom runtime", and *API Gateway developer guide*, "Stream the
//! integration response for your proxy integrations".

use bytes::Bytes;
use http::{Response, response};

use super::api_gateway_v1::{self, FormatOne};
use super::api_gateway_v2::{self, FormatTwo};
use super::reply_document::REPLY;
use super::reply_error::within;
use super::sendable::Sendable;
use super::{EncodeError, FrontKind, FrontLimits, LAMBDA_LIMITS, ReplyError};

/// The form of a streamed reply. Only function URLs and REST APIs have one: [`Form::streamed`](super::Form::streamed).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamForm {
    /// A REST API.
    Rest(FormatOne),
    /// A function URL.
    Url(FormatTwo),
}

/// The most bytes of a REST API's prelude, with the delimiter. Whole replies have no such limit.
const REST_PRELUDE: usize = 16 << 10;
const STREAMING_REST: &str = "a REST API that streams";

impl StreamForm {
    /// The `Content-Type` with which a reply of this form is posted to the Runtime API.
    pub const CONTENT_TYPE: &str = "application/vnd.awslambda.http-integration-response";
    /// The bytes between prelude and body.
    pub const DELIMITER: &str = "\0\0\0\0\0\0\0\0";

    /// The most bytes of a prelude, with the delimiter.
    #[must_use]
    pub fn longest_prelude(self) -> usize {
        match self {
            Self::Rest(_) => REST_PRELUDE,
            Self::Url(_) => LAMBDA_LIMITS.headers,
        }
    }

    /// Encodes the head of a response as the prelude, with the delimiter. The body follows it, byte for byte.
    ///
    /// Headers and cookies are those of [`Form::encode`](super::Form::encode). A `content-length` is kept if it is one
    /// number, and otherwise left out.
    ///
    /// # Errors
    /// [`EncodeError`], for a status that cannot be sent or a prelude that is too long.
    pub fn encode(self, head: &response::Parts) -> Result<Vec<u8>, EncodeError> {
        let most = self.longest_prelude();
        let limits = FrontLimits { reply: most, headers: most };
        match self {
            Self::Rest(_) => {
                let sendable = Sendable::of_stream(head, STREAMING_REST)?;
                api_gateway_v1::encode(&sendable, limits, STREAMING_REST)
            }
            Self::Url(form) => {
                let sendable = Sendable::of_stream(head, form.kind().words())?;
                api_gateway_v2::encode(&sendable, limits, form.kind().words())
            }
        }
    }

    /// The head of the response that the front end sends for a prelude without its delimiter.
    ///
    /// # Errors
    /// [`ReplyError`] if the front end rejects the prelude.
    pub fn read(self, prelude: &[u8]) -> Result<Response<()>, ReplyError> {
        let (most, front) = (self.longest_prelude(), self.kind().words());
        within("prelude", prelude.len() + Self::DELIMITER.len(), most, front)?;
        match self {
            Self::Rest(_) => api_gateway_v1::read_prelude(prelude, front),
            Self::Url(_) => api_gateway_v2::read_prelude(prelude, front),
        }
    }

    /// The response that the front end sends for a whole reply that was posted as a stream.
    ///
    /// # Errors
    /// [`ReplyError`] if the front end rejects the prelude, or there is none.
    pub fn read_whole(self, reply: &Bytes) -> Result<Response<Bytes>, ReplyError> {
        let Some(end) = Self::prelude_len(reply) else {
            return Err(REPLY.fault("no eight NUL bytes end a prelude of status and headers").into());
        };
        let (head, ()) = self.read(reply.get(..end).unwrap_or_default())?.into_parts();
        let body = reply.slice(reply.len().min(end + Self::DELIMITER.len())..);
        Ok(Response::from_parts(head, body))
    }

    /// The length of the prelude without its delimiter, once both have come.
    #[must_use]
    pub fn prelude_len(reply: &[u8]) -> Option<usize> {
        reply.windows(Self::DELIMITER.len()).position(|window| window == Self::DELIMITER.as_bytes())
    }

    /// The kind of front end.
    #[must_use]
    pub fn kind(self) -> FrontKind {
        match self {
            Self::Rest(form) => form.kind(),
            Self::Url(form) => form.kind(),
        }
    }
}
