//! How the answer to an event is written.

use super::{EncodeError, FrontOptions, Reply, alb};
use bytes::Bytes;
use http::Response;

/// What an event asks of its answer: whose event it is, and what of it the answer goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// An Application Load Balancer.
    Alb(alb::ReplyForm),
}

/// What a front accepts of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrontLimits {
    /// The largest reply, in bytes of JSON.
    pub reply: usize,
    /// The largest header block, in bytes: name, value and 4 for each line.
    pub headers: usize,
}

impl Default for Form {
    /// That of a target group with its default settings.
    fn default() -> Self {
        Self::Alb(alb::ReplyForm::default())
    }
}

impl Form {
    /// What the front accepts.
    #[must_use]
    pub fn limits(self) -> FrontLimits {
        match self {
            Self::Alb(_) => alb::LIMITS,
        }
    }

    /// Whether the front can pass on an answer that is still being written.
    #[must_use]
    pub fn can_stream(self) -> bool {
        match self {
            Self::Alb(_) => false,
        }
    }

    /// Whether the headers are in maps with a list of values for each name.
    #[must_use]
    pub fn has_multi_value_headers(self) -> bool {
        match self {
            Self::Alb(form) => form.mode == alb::HeaderMode::Multi,
        }
    }

    /// Turns a response into the JSON that the front expects: [`alb::encode`].
    ///
    /// # Errors
    /// What the front would refuse: see [`EncodeError`].
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

    /// The response that the front makes of a reply; none if it refuses it.
    #[must_use]
    pub fn read_reply(self, reply: &[u8]) -> Option<Response<Bytes>> {
        match self {
            Self::Alb(form) => alb::read_reply(reply, form).ok(),
        }
    }
}
