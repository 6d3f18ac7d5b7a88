//! Health checks of handlers that give scripted answers.

use std::sync::Mutex;

use bytes::Bytes;

use super::*;
use crate::InvocationError;

fn reply(status: u16) -> Bytes {
    format!(r#"{{"statusCode":{status},"headers":{{}},"multiValueHeaders":{{}}}}"#).into()
}

/// One check of a handler.
async fn outcome<F, Fut>(check: &HealthCheck, handler: F) -> Result<u16, CheckFailure>
where
    F: Fn(Bytes) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Bytes, InvocationError>> + Send,
{
    check.once(&handler, &BalancerOptions::default()).await
}

#[tokio::test]
async fn a_failure_has_the_reason_code_of_aws() {
    let check = HealthCheck { timeout: Duration::from_millis(50), ..HealthCheck::default() };
    assert_eq!(outcome(&check, |_| async { Ok(reply(200)) }).await, Ok(200));
    let failure = |outcome: Result<u16, CheckFailure>| outcome.unwrap_err().to_string();
    assert_eq!(
        failure(outcome(&check, |_| async { Ok(reply(404)) }).await),
        "Target.ResponseCodeMismatch: the status is 404, expected 200"
    );
    assert_eq!(failure(outcome(&check, |_| std::future::pending()).await), "Target.Timeout: no answer within 0.05 s");
    let malformed = failure(outcome(&check, |_| async { Ok(Bytes::from_static(b"{}")) }).await);
    assert!(malformed.starts_with("Target.FailedHealthChecks: LambdaInvalidResponse: "), "{malformed}");
    let failed = failure(outcome(&check, |_| async { Err(InvocationError::throttled()) }).await);
    assert_eq!(failed, "Target.FailedHealthChecks: TooManyRequestsException: Rate Exceeded.");
}

#[tokio::test(start_paused = true)]
async fn checks_run_at_their_interval_and_change_the_state() {
    let check = HealthCheck { healthy_threshold: 2, ..HealthCheck::default() };
    let statuses = Mutex::new(vec![200, 200, 500, 500, 500, 200]);
    let handler = move |_| {
        let status = statuses.lock().unwrap().pop();
        async move { Ok::<_, InvocationError>(reply(status.unwrap_or(200))) }
    };
    let begin = tokio::time::Instant::now();
    let reported = Mutex::new(Vec::new());
    let report = |check: &Check| reported.lock().unwrap().push((begin.elapsed().as_secs(), check.before, check.after));
    let _ =
        tokio::time::timeout(Duration::from_secs(5 * 35 + 1), check.run(&handler, &BalancerOptions::default(), report))
            .await;
    use HealthState::{Healthy, Initial, Unhealthy};
    assert_eq!(
        reported.into_inner().unwrap(),
        [
            (0, Initial, Healthy),
            (35, Healthy, Healthy),
            (70, Healthy, Unhealthy),
            (105, Unhealthy, Unhealthy),
            (140, Unhealthy, Unhealthy),
            (175, Unhealthy, Healthy),
        ]
    );
}
