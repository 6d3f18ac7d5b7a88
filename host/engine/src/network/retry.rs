//! Decides which requests are retried.

use super::error;

/// The outcome of an attempt without a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// No part of the request was sent: the connection was reused, and was already closed.
    Unsent,
    /// The server states that it has not processed the request: by `REFUSED_STREAM`, or by a `GOAWAY` below its stream
    /// (RFC 9113, sections 6.8 and 8.7).
    Unprocessed,
    /// The connection had returned a response before, and was closed without an answer, as happens to a connection that
    /// expired while the sandbox was frozen. Repeating an idempotent request is safe (RFC 9110, section 9.2.2). This
    /// also applies to HTTP/2, where each request on the connection is repeated independently.
    Broken,
    /// Everything else: the server has answered, or may have processed the request.
    Final,
}

/// The attempts of a request: at most two, not counting one of which no part was sent.
#[derive(Default)]
pub(crate) struct Tries {
    unsent: bool,
    sent: bool,
}

impl Fate {
    /// `is_whole`: no part of the body was sent. `repeatable`: the method is idempotent, and the connection has
    /// returned a response before.
    pub(crate) fn of(error: &hyper::Error, unsent: bool, is_new: bool, is_whole: bool, repeatable: bool) -> Self {
        match () {
            () if !is_whole => Self::Final,
            () if unsent => {
                if is_new {
                    Self::Final
                } else {
                    Self::Unsent
                }
            }
            () if error::is_unprocessed(error) => Self::Unprocessed,
            () if repeatable && error::is_broken_connection(error) => Self::Broken,
            () => Self::Final,
        }
    }
}

impl Tries {
    /// Whether this is the first attempt.
    pub(crate) fn is_first(&self) -> bool {
        !self.unsent && !self.sent
    }

    /// Whether the request may be retried after this outcome.
    pub(crate) fn may_retry(&mut self, fate: Fate) -> bool {
        match fate {
            Fate::Unsent => !std::mem::replace(&mut self.unsent, true),
            Fate::Unprocessed | Fate::Broken => !std::mem::replace(&mut self.sent, true),
            Fate::Final => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_a_server_may_have_seen_is_retried_at_most_once() {
        for (fates, expected) in [
            (&[Fate::Unsent, Fate::Unsent][..], &[true, false][..]),
            (&[Fate::Unsent, Fate::Unprocessed, Fate::Unprocessed], &[true, true, false]),
            (&[Fate::Unprocessed, Fate::Broken], &[true, false]),
            (&[Fate::Broken, Fate::Unprocessed], &[true, false]),
            (&[Fate::Final], &[false]),
        ] {
            let mut tries = Tries::default();
            assert!(tries.is_first());
            for (fate, expected) in fates.iter().zip(expected) {
                assert_eq!(tries.may_retry(*fate), *expected, "{fates:?}");
            }
        }
    }
}
