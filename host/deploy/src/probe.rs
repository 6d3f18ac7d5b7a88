//! Asks a version for an answer.

use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use serde_json::Value;

use crate::error::Naming as _;
use crate::{Account, DeployError};

/// The most of an answer that an error shows, in characters.
const SHOWN: usize = 300;

/// How long the permissions of a new role may take to reach the services that the function calls at its start.
const RETRY: Duration = Duration::from_secs(3);
const RETRIES: u32 = 10;

/// Invokes a version with an event. It answers if it returns no error, and no status from 500.
///
/// # Errors
/// It does not; with a new role it is asked several times.
pub(crate) async fn ask(
    account: &Account,
    name: &str,
    version: &str,
    event: &[u8],
    new_role: bool,
) -> Result<(), DeployError> {
    let mut tries = 0;
    loop {
        let invoke = account.lambda.invoke().function_name(name).qualifier(version).payload(Blob::new(event));
        let output = invoke.send().await.named("Invoke", &format!("{name}:{version}"))?;
        let payload = output.payload().map(Blob::as_ref).unwrap_or_default();
        let Some(problem) = problem(output.function_error(), payload) else { return Ok(()) };
        tries += 1;
        if !new_role || tries > RETRIES {
            return Err(DeployError::Refused(format!(
                "version {version} of {name} does not answer: {problem}; its log says more: funcserver logs --name {name}"
            )));
        }
        tokio::time::sleep(RETRY).await;
    }
}

fn problem(error: Option<&str>, payload: &[u8]) -> Option<String> {
    let shown = || String::from_utf8_lossy(payload).chars().take(SHOWN).collect::<String>();
    if error.is_some() {
        return Some(format!("its invocation failed: {}", shown()));
    }
    // What comes first is the reply, or the head of a streamed one.
    let reply = serde_json::Deserializer::from_slice(payload).into_iter::<Value>().next()?.ok()?;
    let status = reply["statusCode"].as_u64()?;
    (status >= 500).then(|| format!("it answers a request with the status {status}: {}", shown()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whatever_is_no_failure() {
        for payload in [
            &br#"{"statusCode":200,"body":"hi"}"#[..],
            br#"{"statusCode":404}"#,
            b"{\"statusCode\":200}\0\0\0\0\0\0\0\0<html>",
            b"Simple Lambda happy path OK",
            b"null",
            b"",
        ] {
            assert_eq!(problem(None, payload), None, "{payload:?}");
        }
    }

    #[test]
    fn an_error_and_a_status_from_500_are_none() {
        let crash = problem(Some("Unhandled"), br#"{"errorType":"Runtime.ExitError"}"#).unwrap();
        assert!(crash.contains("its invocation failed: {\"errorType\""), "{crash}");
        let status = problem(None, br#"{"statusCode":502,"body":"no"}"#).unwrap();
        assert!(status.contains("status 502"), "{status}");
        assert!(problem(None, b"{\"statusCode\":500}\0\0\0\0\0\0\0\0no").is_some());
    }
}
