//! The outcome of an event, for log and metrics. It is reported after the answer is sent, because a slow reader of the
//! log must not delay an answer.

use funcserver_engine::Fault;

use crate::failure::Kind;

/// The outcome of an event.
#[derive(Debug)]
pub enum Report {
    /// The answer is good, but its cookies need a message.
    Cookies {
        /// Several cookies are sent as `set-cookie` in variants of letter case.
        variants: bool,
        /// The number of cookies that are lost.
        lost: usize,
    },
    /// The event cannot be answered.
    NotAnswered {
        /// Lambda's `errorType`.
        kind: &'static str,
        /// Lambda's `errorMessage`.
        message: String,
    },
    /// The event's contents are wrong.
    BadEvent {
        /// The position in the event.
        at: String,
        /// The reason.
        reason: String,
    },
    /// A client asked for the path of events that are not HTTP requests.
    EventPath {
        /// The path.
        path: String,
    },
    /// The handler answered an event that is not an HTTP request with a failure.
    Event {
        /// What it answered.
        error: String,
    },
    /// Records of a batch failed, or were not tried.
    Records {
        /// The ids of the first of them, each with the reason.
        failed: Vec<(String, String)>,
        /// Their number.
        count: usize,
        /// The number of all records.
        of: usize,
    },
    /// The handler failed.
    Handler {
        /// The fault.
        fault: Fault,
        /// The message for the failure, which begins with the handler's own message.
        message: String,
    },
    /// The answer cannot be sent, or the host failed.
    Failed {
        /// The kind of the failure.
        kind: Kind,
        /// What failed.
        message: &'static str,
        /// The error.
        error: String,
    },
}

impl Report {
    /// The kind of the fault, if the report is about a fault of the handler or the host.
    #[must_use]
    pub fn fault(&self) -> Option<Kind> {
        match self {
            Self::Handler { fault, .. } => Some(Kind::from(fault)),
            Self::Failed { kind, .. } => Some(*kind),
            Self::Cookies { .. }
            | Self::NotAnswered { .. }
            | Self::BadEvent { .. }
            | Self::EventPath { .. }
            | Self::Event { .. }
            | Self::Records { .. } => None,
        }
    }
}
