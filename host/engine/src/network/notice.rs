//! Notices for the operator about a guest's outgoing requests and TCP connections.

use std::sync::{Mutex, PoisonError};

use super::gate::Denial;
use super::origin::Origin;
use crate::output::OutputSink;

/// The most notices of an invocation: a guest that retries constantly must not fill the log.
const MAX_NOTICES: usize = 16;

/// The reason of a failed request or TCP connection. The guest gets only an error code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The request, the connection or the lookup of a name was not allowed.
    Denied {
        /// The origin: `https://api.example.com`, `tcp://db.example.com:5432`; or the name that was looked up.
        to: String,
        /// The reason of the denial.
        reason: String,
        /// The entry of the allow list that would allow it, if an entry can.
        allow: Option<String>,
    },
    /// The connection could not be opened, or was lost before the response.
    Failed {
        /// The origin.
        to: String,
        /// The reason of the failure.
        reason: String,
    },
}

/// The notices of one invocation, without duplicates.
pub(crate) struct Notices {
    sink: OutputSink,
    given: Mutex<Vec<Notice>>,
}

impl Notices {
    pub(crate) fn new(sink: OutputSink) -> Self {
        Self { sink, given: Mutex::default() }
    }

    pub(crate) fn denied(&self, to: &Origin, denial: &Denial) {
        let Denial { reason, allow } = denial.clone();
        self.give(Notice::Denied { to: to.to_string(), reason, allow });
    }

    /// A denial where only a part of an origin is known.
    pub(crate) fn denied_part(&self, to: &str, denial: Denial) {
        self.give(Notice::Denied { to: to.to_owned(), reason: denial.reason, allow: denial.allow });
    }

    pub(crate) fn failed(&self, to: &Origin, reason: String) {
        self.give(Notice::Failed { to: to.to_string(), reason });
    }

    /// A failure where only a part of an origin is known.
    pub(crate) fn failed_part(&self, to: &str, reason: String) {
        self.give(Notice::Failed { to: to.to_owned(), reason });
    }

    fn give(&self, notice: Notice) {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if given.len() < MAX_NOTICES && !given.contains(&notice) {
            self.sink.notice(&notice);
            given.push(notice);
        }
    }
}
