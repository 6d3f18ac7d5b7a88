//! The form of a reply.

use bytes::Bytes;
use http::Response;

use super::{EncodeError, FrontOptions, Reply, alb};

/// The form of the reply that an event requires: its front end, and the properties of the event that affect the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// An Application Load Balancer.
    Alb(alb::ReplyForm),
}

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
    /// The limits of the front end.
    #[must_use]
    pub fn limits(self) -> FrontLimits {
        match self {
            Self::Alb(_) => alb::LIMITS,
        }
    }

    /// Whether the front end supports streamed responses.
    #[must_use]
    pub fn can_stream(self) -> bool {
        match self {
            Self::Alb(_) => false,
        }
    }

    /// Whether headers are in maps with a list of values for each name.
    #[must_use]
    pub fn has_multi_value_headers(self) -> bool {
        match self {
            Self::Alb(form) => form.mode == alb::HeaderMode::Multi,
        }
    }

    /// Encodes a response as the JSON that the front end expects: [`alb::encode`].
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
        }
    }

    /// The response that the front end sends for a reply, or `None` if it rejects the reply.
    #[must_use]
    pub fn read_reply(self, reply: &[u8]) -> Option<Response<Bytes>> {
        match self {
            Self::Alb(form) => alb::read_reply(reply, form).ok(),
        }
    }
}
