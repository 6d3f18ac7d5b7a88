//! What one check came to.

use super::{HealthState, Matcher};
use std::time::Duration;

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The healthy status, or why there was none.
    pub outcome: Result<u16, CheckFailure>,
    /// How long it took.
    pub duration: Duration,
    /// The target's state before.
    pub before: HealthState,
    /// The target's state with it.
    pub after: HealthState,
}

/// Why a check failed, worded with AWS' reason codes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckFailure {
    /// A status that the matcher does not have.
    #[error("Target.ResponseCodeMismatch: the status is {status}, healthy is {matcher}")]
    Mismatch {
        /// The response's status.
        status: u16,
        /// The healthy ones.
        matcher: Matcher,
    },
    /// No answer within this time.
    #[error("Target.Timeout: no answer within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// An invocation error, or a malformed reply.
    #[error("Target.FailedHealthChecks: {0}")]
    Failed(String),
}
