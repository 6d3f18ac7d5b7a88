//! Health checks (`--health-check`), with a line on stderr for each failure and each change of the target's state.

use std::convert::Infallible;
use std::future;
use std::time::Duration;

use anyhow::{Result, bail};
use funcserver_local::balancer::{BalancerOptions, Handler};
use funcserver_local::health::{Check, HealthCheck, HealthState};

use super::access_log::Time;
use crate::args::Health;
use crate::output;

/// The settings, if checks are requested.
pub(super) fn settings(args: &Health) -> Result<Option<HealthCheck>> {
    let Some(path) = args.path.clone() else { return Ok(None) };
    let timeout = args.check_timeout.unwrap_or(HealthCheck::default().timeout.min(args.interval));
    if timeout > args.interval {
        bail!("--check-timeout is longer than --interval: a load balancer refuses such a health check");
    }
    Ok(Some(HealthCheck {
        path,
        interval: args.interval,
        timeout,
        matcher: args.matcher.clone(),
        healthy_threshold: args.healthy_threshold,
        unhealthy_threshold: args.unhealthy_threshold,
    }))
}

/// Checks until this future is dropped.
pub(super) async fn run<H: Handler>(check: Option<HealthCheck>, handler: H, options: &BalancerOptions) -> Infallible {
    let Some(check) = check else { return future::pending().await };
    let seconds = |time: Duration| time.as_secs_f64();
    output::note(format_args!(
        "health checks: GET {} every {} s, {} s for an answer; the target is {}",
        check.path,
        seconds(check.interval),
        seconds(check.timeout),
        HealthState::Initial
    ));
    check.run(&handler, options, |seen| lines(&check, seen).iter().for_each(output::note)).await
}

fn lines(settings: &HealthCheck, check: &Check) -> Vec<String> {
    let mut lines = Vec::new();
    if let Err(failure) = &check.outcome {
        lines.push(format!("health check GET {} failed in {}: {failure}", settings.path, Time(check.duration)));
    }
    if check.after != check.before {
        let times = |count: u32| if count == 1 { "1 check".to_owned() } else { format!("{count} checks in a row") };
        let reason = match (check.after, check.before) {
            (HealthState::Unhealthy, _) => {
                let failed = times(settings.unhealthy_threshold);
                format!("{failed} failed; requests go to it all the same, as there is no other target")
            }
            (_, HealthState::Unhealthy) => format!("{} succeeded", times(settings.healthy_threshold)),
            _ => format!("{} succeeded", times(1)),
        };
        lines.push(format!("target {} -> {}: {reason}", check.before, check.after));
    }
    lines
}

#[cfg(test)]
mod tests {
    use funcserver_local::health::CheckFailure;

    use super::*;

    #[test]
    fn failures_and_changes_are_told_and_the_rest_is_not() {
        let settings = HealthCheck::default();
        let told =
            |outcome, before, after| lines(&settings, &Check { outcome, duration: Duration::ZERO, before, after });
        assert!(told(Ok(200), HealthState::Healthy, HealthState::Healthy).is_empty());
        assert_eq!(
            told(Ok(200), HealthState::Initial, HealthState::Healthy),
            ["target initial -> healthy: 1 check succeeded"]
        );
        let timeout = || Err(CheckFailure::TimedOut(Duration::from_secs(30)));
        assert_eq!(
            told(timeout(), HealthState::Healthy, HealthState::Healthy),
            ["health check GET / failed in 0.00 ms: Target.Timeout: no answer within 30 s"]
        );
        assert_eq!(
            told(timeout(), HealthState::Healthy, HealthState::Unhealthy)[1],
            "target healthy -> unhealthy: 2 checks in a row failed; requests go to it all the same, as there is no other target"
        );
    }
}
