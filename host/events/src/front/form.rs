//! The form of a reply.

use bytes::Bytes;
use http::{Method, Response};

use super::api_gateway_v1::{self, FormatOne};
use super::api_gateway_v2::{self, FormatTwo};
use super::lattice::{self, LatticeForm};
use super::sendable::Sendable;
use super::{EncodeError, FrontKind, FrontOptions, Reply, ReplyError, StreamForm, alb};

/// The form of the reply that an event requires: its front end, and the properties of the event that affect the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// An Application Load Balancer.
    Alb(alb::ReplyForm),
    /// A REST API, or an HTTP API with payload format 1.0.
    ApiGatewayV1(FormatOne),
    /// An HTTP API with payload format 2.0, or a function URL.
    ApiGatewayV2(FormatTwo),
    /// VPC Lattice.
    Lattice(LatticeForm),
}

/// The limits of front ends that state none for replies: Lambda's own of 6 MB (AWS, "Lambda quotas"), and none for
/// headers.
pub(crate) const LAMBDA_LIMITS: FrontLimits = FrontLimits { reply: 6 << 20, headers: 6 << 20 };

/// The limits of a front end for replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrontLimits {
    /// The largest reply, in bytes of JSON.
    pub reply: usize,
    /// The largest header block, in bytes: name, value and 4 for each line.
    pub headers: usize,
}

impl Default for Form {
    /// The form for a target group with default settings.
    fn default() -> Self {
        Self::Alb(alb::ReplyForm::default())
    }
}

impl Form {
    /// The form for a front end of this kind, for a method other than `HEAD`.
    #[must_use]
    pub fn of(kind: FrontKind) -> Self {
        let head = false;
        match kind {
            FrontKind::Alb(mode) => Self::Alb(alb::ReplyForm { mode, head }),
            FrontKind::Url | FrontKind::HttpApi2 => {
                Self::ApiGatewayV2(FormatTwo { is_url: kind == FrontKind::Url, head })
            }
            FrontKind::Rest | FrontKind::HttpApi1 => {
                Self::ApiGatewayV1(FormatOne { is_rest: kind == FrontKind::Rest, head })
            }
            FrontKind::Lattice2 | FrontKind::Lattice1 => {
                Self::Lattice(LatticeForm { is_version_2: kind == FrontKind::Lattice2, head })
            }
        }
    }

    /// The form for a front end of this kind and a request with this method.
    #[must_use]
    pub fn for_method(kind: FrontKind, method: &Method) -> Self {
        let mut form = Self::of(kind);
        let head = match &mut form {
            Self::Alb(form) => &mut form.head,
            Self::ApiGatewayV1(form) => &mut form.head,
            Self::ApiGatewayV2(form) => &mut form.head,
            Self::Lattice(form) => &mut form.head,
        };
        *head = *method == Method::HEAD;
        form
    }

    /// The kind of front end that expects this form.
    #[must_use]
    pub fn kind(self) -> FrontKind {
        match self {
            Self::Alb(form) => FrontKind::Alb(form.mode),
            Self::ApiGatewayV1(form) => form.kind(),
            Self::ApiGatewayV2(form) => form.kind(),
            Self::Lattice(form) => form.kind(),
        }
    }

    /// Whether the method of the request was `HEAD`, so that the reply carries no body.
    #[must_use]
    pub fn is_head(self) -> bool {
        match self {
            Self::Alb(form) => form.head,
            Self::ApiGatewayV1(form) => form.head,
            Self::ApiGatewayV2(form) => form.head,
            Self::Lattice(form) => form.head,
        }
    }

    /// The limits of the front end.
    #[must_use]
    pub fn limits(self) -> FrontLimits {
        match self {
            Self::Alb(_) => alb::LIMITS,
            Self::ApiGatewayV1(_) | Self::ApiGatewayV2(_) | Self::Lattice(_) => LAMBDA_LIMITS,
        }
    }

    /// The form of a streamed reply, if the front end supports streaming. Whether it expects a stream depends on its
    /// configuration, which the event does not tell.
    #[must_use]
    pub fn streamed(self) -> Option<StreamForm> {
        match self {
            Self::ApiGatewayV1(form) if form.is_rest => Some(StreamForm::Rest(form)),
            Self::ApiGatewayV2(form) if form.is_url => Some(StreamForm::Url(form)),
            Self::Alb(_) | Self::Lattice(_) | Self::ApiGatewayV1(_) | Self::ApiGatewayV2(_) => None,
        }
    }

    /// Whether headers are in maps with a list of values for each name.
    #[must_use]
    pub fn has_multi_value_headers(self) -> bool {
        match self {
            Self::Alb(form) => form.mode == alb::HeaderMode::Multi,
            Self::ApiGatewayV1(_) => true,
            Self::ApiGatewayV2(_) | Self::Lattice(_) => false,
        }
    }

    /// Encodes a response as the JSON that the front end expects. For a load balancer: [`alb::encode`].
    ///
    /// - Hop-by-hop headers are removed, including those that `Connection` lists. Values that are not UTF-8 are read as
    ///   Latin-1.
    /// - The body is sent as text if its media type, its encoding and its bytes allow it, otherwise as base64. The answer
    ///   to `HEAD` and responses with 204 and 304 have no body, even if the response carries one.
    /// - Where the front end has one text for each header, repeated ones are joined by `, `. Headers that are not lists,
    ///   such as `content-type` and `location`, send their first value.
    /// - Cookies go to payload format 2.0 in their own list, and to VPC Lattice as to a load balancer in single-value
    ///   mode.
    ///
    /// # Errors
    /// [`EncodeError`], for a response that the front end would reject.
    pub fn encode(self, response: &Response<Bytes>, options: &FrontOptions) -> Result<Reply, EncodeError> {
        let front = self.limits();
        let limits = FrontLimits { reply: front.reply.min(options.max_reply), ..front };
        match self {
            Self::Alb(form) => {
                let cookie_case_variants = options.cookie_case_variants;
                alb::encode(response, form, &alb::ReplyOptions { cookie_case_variants, limits })
            }
            Self::ApiGatewayV1(form) => {
                let front = form.kind().words();
                let sendable = Sendable::check(response, form.head, front)?;
                api_gateway_v1::encode(&sendable, limits, front).map(Reply::of)
            }
            Self::ApiGatewayV2(form) => {
                let front = form.kind().words();
                let sendable = Sendable::check(response, form.head, front)?;
                api_gateway_v2::encode(&sendable, limits, front).map(Reply::of)
            }
            Self::Lattice(form) => lattice::encode(response, form, limits, options.cookie_case_variants),
        }
    }

    /// The response that the front end sends for a reply.
    ///
    /// # Errors
    /// [`ReplyError`] if it rejects the reply. The client then gets 502.
    pub fn read_reply(self, reply: &[u8]) -> Result<Response<Bytes>, ReplyError> {
        match self {
            Self::Alb(form) => alb::read_reply(reply, form),
            Self::ApiGatewayV1(form) => api_gateway_v1::read_reply(reply, form),
            Self::ApiGatewayV2(form) => api_gateway_v2::read_reply(reply, form),
            Self::Lattice(form) => lattice::read_reply(reply, form),
        }
    }
}
