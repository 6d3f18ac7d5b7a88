//! The errors of invocations.

use std::process::ExitStatus;
use std::time::Duration;

/// An invocation that failed, with the error that Lambda reports to the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", self.error_type())]
pub struct InvocationError {
    /// The kind of the error.
    pub kind: InvocationErrorKind,
    /// The `errorMessage` of Lambda's JSON error.
    pub message: String,
}

/// The kind of an invocation's error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvocationErrorKind {
    /// The function reported an error of this `errorType` (`/invocation/{id}/error`).
    Function(String),
    /// The runtime reported that it failed to start, with this `errorType` (`/init/error`, `/restore/error`).
    Init(String),
    /// The program could not be started.
    Entrypoint,
    /// The process ended without a reply.
    Exited,
    /// The time limit passed without a reply.
    TimedOut,
    /// All environments up to the limit are busy.
    Throttled,
    /// The reply is larger than Lambda accepts.
    TooLarge,
}

impl InvocationError {
    /// An error that the function itself reports.
    pub fn function(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: InvocationErrorKind::Function(error_type.into()), message: message.into() }
    }

    /// The `errorType` of Lambda's JSON error.
    pub fn error_type(&self) -> &str {
        match &self.kind {
            InvocationErrorKind::Function(error_type) | InvocationErrorKind::Init(error_type) => error_type,
            InvocationErrorKind::Entrypoint => "Runtime.InvalidEntrypoint",
            InvocationErrorKind::Exited => "Runtime.ExitError",
            InvocationErrorKind::TimedOut => "Sandbox.Timedout",
            InvocationErrorKind::Throttled => "TooManyRequestsException",
            InvocationErrorKind::TooLarge => "Function.ResponseSizeTooLarge",
        }
    }

    /// The JSON error: an object with `errorType` and `errorMessage`.
    pub fn to_json(&self) -> String {
        serde_json::json!({ "errorType": self.error_type(), "errorMessage": self.message }).to_string()
    }

    /// Whether the error ends the environment.
    pub(crate) fn is_fatal(&self) -> bool {
        match self.kind {
            InvocationErrorKind::Init(_)
            | InvocationErrorKind::Entrypoint
            | InvocationErrorKind::Exited
            | InvocationErrorKind::TimedOut => true,
            InvocationErrorKind::Function(_) | InvocationErrorKind::Throttled | InvocationErrorKind::TooLarge => false,
        }
    }

    pub(crate) fn init(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: InvocationErrorKind::Init(error_type.into()), message: message.into() }
    }

    pub(crate) fn entrypoint(request_id: &str, program: &str, reason: impl std::fmt::Display) -> Self {
        Self {
            kind: InvocationErrorKind::Entrypoint,
            message: about(request_id, &format!("fork/exec {program}: {reason}")),
        }
    }

    pub(crate) fn exited(request_id: &str, status: Option<ExitStatus>) -> Self {
        Self { kind: InvocationErrorKind::Exited, message: about(request_id, &exit_message(status)) }
    }

    pub(crate) fn timed_out(request_id: &str, timeout: Duration) -> Self {
        let text = format!("Task timed out after {:.2} seconds", timeout.as_secs_f64());
        Self { kind: InvocationErrorKind::TimedOut, message: about(request_id, &text) }
    }

    pub(crate) fn broken_off() -> Self {
        let message = "the function ended in the middle of its reply".into();
        Self { kind: InvocationErrorKind::Exited, message }
    }

    pub(crate) fn throttled() -> Self {
        Self { kind: InvocationErrorKind::Throttled, message: "Rate Exceeded.".into() }
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("Response payload size exceeded maximum allowed payload size ({limit} bytes).");
        Self { kind: InvocationErrorKind::TooLarge, message }
    }
}

fn about(request_id: &str, text: &str) -> String {
    format!("RequestId: {request_id} Error: {text}")
}

/// Describes an exit in Lambda's words, which are those of Go: "exit status 1", "signal: killed".
fn exit_message(status: Option<ExitStatus>) -> String {
    use std::os::unix::process::ExitStatusExt;
    let Some(status) = status.filter(|status| !status.success()) else {
        return "Runtime exited without providing a reason".into();
    };
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, Some(signal)) => format!("Runtime exited with error: signal: {}", signal_name(signal)),
        (None, None) => format!("Runtime exited with error: {status}"),
    }
}

/// The names of the signals that usually end programs.
fn signal_name(signal: i32) -> String {
    match signal {
        1 => "hangup".into(),
        2 => "interrupt".into(),
        4 => "illegal instruction".into(),
        6 => "aborted".into(),
        8 => "floating point exception".into(),
        9 => "killed".into(),
        11 => "segmentation fault".into(),
        13 => "broken pipe".into(),
        15 => "terminated".into(),
        other => format!("signal {other}"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn exits_have_the_wording_of_lambda() {
        let words = |raw| InvocationError::exited("8f5e", Some(ExitStatus::from_raw(raw))).message;
        assert_eq!(words(1 << 8), "RequestId: 8f5e Error: Runtime exited with error: exit status 1");
        assert_eq!(words(0), "RequestId: 8f5e Error: Runtime exited without providing a reason");
        assert_eq!(words(9), "RequestId: 8f5e Error: Runtime exited with error: signal: killed");
    }

    #[test]
    fn timeouts_have_the_wording_of_lambda() {
        let error = InvocationError::timed_out("8f5e", Duration::from_secs(3));
        assert_eq!(
            error.to_json(),
            r#"{"errorMessage":"RequestId: 8f5e Error: Task timed out after 3.00 seconds","errorType":"Sandbox.Timedout"}"#
        );
    }
}
