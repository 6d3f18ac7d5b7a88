//! What became of an event, as log and metrics are told once the answer is on its way: a slow reader of the log must not
//! delay an answer.

use funcserver_engine::Fault;

use crate::failure::Kind;

/// What became of an event.
#[derive(Debug)]
pub enum Report {
    /// A good answer, with something to say about its cookies.
    Cookies {
        /// Several go out as `set-cookie` in variants of letter case.
        variants: bool,
        /// So many are lost.
        lost: usize,
    },
    /// The event is not one that can be answered.
    NotAnswered {
        /// Lambda's `errorType`.
        kind: &'static str,
        /// Lambda's `errorMessage`.
        message: String,
    },
    /// The event's contents are wrong.
    BadEvent {
        /// Where in the event.
        at: String,
        /// Why.
        reason: String,
    },
    /// The handler failed.
    Handler {
        /// How.
        fault: Fault,
        /// How a person would put it: first in the handler's own words.
        message: String,
    },
    /// There is no good answer.
    Failed {
        /// Its kind.
        kind: Kind,
        /// What failed.
        message: &'static str,
        /// How.
        error: String,
    },
}

impl Report {
    /// The kind of fault that it reports, if it reports one of the handler or the host.
    #[must_use]
    pub fn fault(&self) -> Option<Kind> {
        match self {
            Self::Handler { fault, .. } => Some(Kind::from(fault)),
            Self::Failed { kind, .. } => Some(*kind),
            Self::Cookies { .. } | Self::NotAnswered { .. } | Self::BadEvent { .. } => None,
        }
    }
}
