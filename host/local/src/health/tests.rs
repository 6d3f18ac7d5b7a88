//! Checks of handlers that answer as the test wants.

use super::*;
use crate::InvocationError;
use bytes::Bytes;
use std::sync::Mutex;

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
async fn an_outcome_has_awss_reason_code() {
    let check = HealthCheck { timeout: Duration::from_millis(50), ..HealthCheck::default() };
    assert_eq!(outcome(&check, |_| async { Ok(reply(200)) }).await, Ok(200));
    let told = |outcome: Result<u16, CheckFailure>| outcome.unwrap_err().to_string();
    assert_eq!(
        told(outcome(&check, |_| async { Ok(reply(404)) }).await),
        "Target.ResponseCodeMismatch: the status is 404, healthy is 200"
    );
    assert_eq!(told(outcome(&check, |_| std::future::pending()).await), "Target.Timeout: no answer within 0.05 s");
    let malformed = told(outcome(&check, |_| async { Ok(Bytes::from_static(b"{}")) }).await);
    assert!(malformed.starts_with("Target.FailedHealthChecks: LambdaInvalidResponse: "), "{malformed}");
    let failed = told(outcome(&check, |_| async { Err(InvocationError::throttled()) }).await);
    assert_eq!(failed, "Target.FailedHealthChecks: TooManyRequestsException: Rate Exceeded.");
}

#[tokio::test(start_paused = true)]
async fn checks_come_at_their_interval_and_change_the_state() {
    let check = HealthCheck { healthy_threshold: 2, ..HealthCheck::default() };
    let statuses = Mutex::new(vec![200, 200, 500, 500, 500, 200]);
    let handler = move |_| {
        let status = statuses.lock().unwrap().pop();
        async move { Ok::<_, InvocationError>(reply(status.unwrap_or(200))) }
    };
    let begin = tokio::time::Instant::now();
    let told = Mutex::new(Vec::new());
    let tell = |check: &Check| told.lock().unwrap().push((begin.elapsed().as_secs(), check.before, check.after));
    let _ =
        tokio::time::timeout(Duration::from_secs(5 * 35 + 1), check.run(&handler, &BalancerOptions::default(), tell))
            .await;
    use HealthState::{Healthy, Initial, Unhealthy};
    assert_eq!(
        told.into_inner().unwrap(),
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
