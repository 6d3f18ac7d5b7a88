//! What an operator should know about a guest's outgoing requests.

use std::sync::{Mutex, PoisonError};

use super::gate::Denial;
use super::origin::Origin;
use crate::output::OutputSink;

/// How many notices an invocation gives: a guest that tries all the time must not fill the log.
const MOST: usize = 16;

/// Something about an outgoing request that the guest is told in one error code only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It was not allowed.
    Denied {
        /// Where it should have gone: `https://api.example.com`.
        to: String,
        /// Why it may not.
        reason: String,
        /// The entry of the list that would allow it, where one can.
        allow: Option<String>,
    },
    /// There was no connection, or it broke before the response came.
    Failed {
        /// Where it should have gone.
        to: String,
        /// What went wrong.
        reason: String,
    },
}

/// The notices of one invocation: each once.
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

    pub(crate) fn failed(&self, to: &Origin, reason: String) {
        self.give(Notice::Failed { to: to.to_string(), reason });
    }

    fn give(&self, notice: Notice) {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if given.len() < MOST && !given.contains(&notice) {
            self.sink.notice(&notice);
            given.push(notice);
        }
    }
}
