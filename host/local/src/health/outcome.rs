//! The result of a health check.

use std::time::Duration;

use super::{HealthState, Matcher};

/// A completed check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The healthy status, or the reason of the failure.
    pub outcome: Result<u16, CheckFailure>,
    /// The duration of the check.
    pub duration: Duration,
    /// The target's state before the check.
    pub before: HealthState,
    /// The target's state after the check.
    pub after: HealthState,
}

/// The reason why a check failed, worded with AWS' reason codes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckFailure {
    /// The matcher does not contain the status.
    #[error("Target.ResponseCodeMismatch: the status is {status}, expected {matcher}")]
    Mismatch {
        /// The response's status.
        status: u16,
        /// The healthy statuses.
        matcher: Matcher,
    },
    /// No answer arrived within this time.
    #[error("Target.Timeout: no answer within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// An invocation error, or a malformed reply.
    #[error("Target.FailedHealthChecks: {0}")]
    Failed(String),
}
