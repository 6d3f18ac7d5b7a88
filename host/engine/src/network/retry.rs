//! Which requests are sent once more.

use super::error;

/// What has become of a try that brought no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing of it was sent: the connection, an older one, was dead.
    Unsent,
    /// The server says that it has not touched it: by `REFUSED_STREAM`, or by a `GOAWAY` below its stream (RFC 9113,
    /// sections 6.8 and 8.7).
    Unprocessed,
    /// A connection that had brought a response before has broken without a word, as one that died of age while the
    /// sandbox was frozen. To repeat it does no harm (RFC 9110, section 9.2.2). The same holds over HTTP/2, where each
    /// request that was on the connection is repeated by itself.
    Broken,
    /// All else. The server has spoken, or may have done what it was asked for.
    Final,
}

/// A request is tried twice at most, not counting the try of which nothing was sent.
#[derive(Default)]
pub(crate) struct Tries {
    unsent: bool,
    sent: bool,
}

impl Fate {
    /// `is_whole`: nothing of the body is gone. `repeatable`: the method is idempotent, the connection has served before.
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
    /// Whether this is the first.
    pub(crate) fn are_none(&self) -> bool {
        !self.unsent && !self.sent
    }

    /// Whether one may follow on a try that came to this.
    pub(crate) fn has_another(&mut self, fate: Fate) -> bool {
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
    fn one_try_follows_at_most_on_what_a_server_may_have_seen() {
        for (fates, expected) in [
            (&[Fate::Unsent, Fate::Unsent][..], &[true, false][..]),
            (&[Fate::Unsent, Fate::Unprocessed, Fate::Unprocessed], &[true, true, false]),
            (&[Fate::Unprocessed, Fate::Broken], &[true, false]),
            (&[Fate::Broken, Fate::Unprocessed], &[true, false]),
            (&[Fate::Final], &[false]),
        ] {
            let mut tries = Tries::default();
            assert!(tries.are_none());
            for (fate, expected) in fates.iter().zip(expected) {
                assert_eq!(tries.has_another(*fate), *expected, "{fates:?}");
            }
        }
    }
}
