//! Health checks of a target group of type `lambda`: a request that invokes the function at regular intervals.
//!
//! A load balancer sends requests to the function in any state, because there is no other target: it *fails open*. The
//! state is only for users and their alarms.
//!
//! Sources: AWS, *Elastic Load Balancing user guide for Application Load Balancers*, "Lambda functions as targets" (the
//! event), "Health checks for your target groups" (settings, states, reason codes).

mod matcher;
mod outcome;
mod state;

pub use matcher::Matcher;
pub use outcome::{Check, CheckFailure};
pub use state::HealthState;

use std::convert::Infallible;
use std::time::{Duration, Instant};

use funcserver_events::Form;
use http::uri::PathAndQuery;
use tokio::time::MissedTickBehavior;

use self::state::Tally;
use crate::balancer::{self, BalancerOptions, Handler};
use crate::id;

/// The settings of a target group's health check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// The path of the request.
    pub path: PathAndQuery,
    /// The time from the beginning of one check to the beginning of the next.
    pub interval: Duration,
    /// The time limit for an answer.
    pub timeout: Duration,
    /// The healthy status codes.
    pub matcher: Matcher,
    /// The number of consecutive successes that make an unhealthy target healthy. For a new target, one is enough.
    pub healthy_threshold: u32,
    /// The number of consecutive failures that make a target unhealthy.
    pub unhealthy_threshold: u32,
}

impl Default for HealthCheck {
    /// AWS' defaults for a Lambda function: `/` every 35 seconds, 30 seconds for an answer, 200, thresholds of 5 and 2.
    fn default() -> Self {
        Self {
            path: PathAndQuery::from_static("/"),
            interval: Duration::from_secs(35),
            timeout: Duration::from_secs(30),
            matcher: Matcher::default(),
            healthy_threshold: 5,
            unhealthy_threshold: 2,
        }
    }
}

impl HealthCheck {
    /// Checks `handler` repeatedly until this future is dropped, and passes every check to `report`.
    ///
    /// `options` are those of the load balancer that sends the checks: header mode and target group.
    pub async fn run<H: Handler>(&self, handler: &H, options: &BalancerOptions, report: impl Fn(&Check)) -> Infallible {
        let mut tally = Tally::new(self.healthy_threshold, self.unhealthy_threshold);
        let mut ticks = tokio::time::interval(self.interval.max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let begin = Instant::now();
            let outcome = self.once(handler, options).await;
            let before = tally.state();
            let after = tally.count(outcome.is_ok());
            report(&Check { outcome, duration: begin.elapsed(), before, after });
        }
    }

    /// Runs one check, and returns the status if it is healthy.
    async fn once<H: Handler>(&self, handler: &H, options: &BalancerOptions) -> Result<u16, CheckFailure> {
        let event = balancer::health_check(self.path.clone(), options)
            .map_err(|refusal| CheckFailure::Failed(refusal.to_string()))?;
        let id = id::request_id();
        let answer = async { handler.call(&id, event).await?.whole().await };
        let answer = tokio::time::timeout(self.timeout, answer)
            .await
            .map_err(|_| CheckFailure::TimedOut(self.timeout))?
            .map_err(|error| CheckFailure::Failed(error.to_string()))?;
        let response = Form::of(options.front)
            .read_reply(&answer)
            .map_err(|error| CheckFailure::Failed(format!("{}: {error}", error.reason())))?;
        match response.status().as_u16() {
            status if self.matcher.matches(status) => Ok(status),
            status => Err(CheckFailure::Mismatch { status, matcher: self.matcher.clone() }),
        }
    }
}

#[cfg(test)]
mod tests;
