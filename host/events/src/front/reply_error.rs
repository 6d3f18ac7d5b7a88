//! The reason why a front end rejects a reply.

use crate::json::InvalidMember;

/// The reason why a front end answers 502 instead of a reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The reply is malformed.
    #[error("{at}: {reason}")]
    Invalid {
        /// The path of the value in the reply; `reply` for the whole document.
        at: String,
        /// The expected and the found value.
        reason: String,
    },
    /// The reply, or its header block, is too large.
    #[error("{what}: {size} bytes, {front} accepts {limit}")]
    TooLarge {
        /// The part that is too large: `reply` or `headers`.
        what: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
        /// The front end that rejects it, in words.
        front: &'static str,
    },
}

impl ReplyError {
    /// The reason code in a load balancer's access log (AWS, "Access logs for your Application Load Balancer").
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "LambdaInvalidResponse",
            Self::TooLarge { .. } => "LambdaResponseTooLarge",
        }
    }
}

impl From<InvalidMember> for ReplyError {
    fn from(InvalidMember { at, reason }: InvalidMember) -> Self {
        Self::Invalid { at, reason }
    }
}

/// Checks a size against a limit of a front end.
pub(crate) fn within(what: &'static str, size: usize, limit: usize, front: &'static str) -> Result<(), ReplyError> {
    if size > limit { Err(ReplyError::TooLarge { what, size, limit, front }) } else { Ok(()) }
}
