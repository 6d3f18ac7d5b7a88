//! Health checks, as a target group of type `lambda` makes them: a request that invokes the function again and again.
//!
//! A load balancer goes on sending requests to the function whatever its state is, as there is no other target: it *fails
//! open*. The state is for people and their alarms.
//!
//! Sources: AWS, *Elastic Load Balancing user guide for Application Load Balancers*, "Lambda functions as targets" (the
//! event), "Health checks for your target groups" (settings, states, reason codes).

mod matcher;
mod outcome;
mod state;

pub use matcher::Matcher;
pub use outcome::{Check, CheckFailure};
pub use state::HealthState;

use crate::balancer::{self, BalancerOptions, Handler};
use funcserver_events::alb::{self, ReplyForm};
use http::uri::PathAndQuery;
use state::Tally;
use std::convert::Infallible;
use std::time::{Duration, Instant};
use tokio::time::MissedTickBehavior;

/// The settings of a target group's health check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// What is asked for.
    pub path: PathAndQuery,
    /// From the beginning of one check to that of the next.
    pub interval: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Which statuses are healthy.
    pub matcher: Matcher,
    /// How many successes in a row make an unhealthy target healthy. The first check of all counts alone.
    pub healthy_threshold: u32,
    /// How many failures in a row make a target unhealthy.
    pub unhealthy_threshold: u32,
}

impl Default for HealthCheck {
    /// AWS' own defaults for a Lambda function: `/` every 35 seconds, 30 seconds for an answer, 200, thresholds of 5 and 2.
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
    /// Checks `handler` again and again, until this future is dropped, and tells of every check.
    ///
    /// `options` are those of the load balancer in whose name it checks: header mode and target group.
    pub async fn run<H: Handler>(&self, handler: &H, options: &BalancerOptions, tell: impl Fn(&Check)) -> Infallible {
        let mut tally = Tally::new(self.healthy_threshold, self.unhealthy_threshold);
        let mut ticks = tokio::time::interval(self.interval.max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let begin = Instant::now();
            let outcome = self.once(handler, options).await;
            let before = tally.state();
            let after = tally.count(outcome.is_ok());
            tell(&Check { outcome, duration: begin.elapsed(), before, after });
        }
    }

    /// One check: the status, if it is a healthy one.
    async fn once<H: Handler>(&self, handler: &H, options: &BalancerOptions) -> Result<u16, CheckFailure> {
        let event = balancer::health_check(self.path.clone(), options)
            .map_err(|refusal| CheckFailure::Failed(refusal.to_string()))?;
        let answer = tokio::time::timeout(self.timeout, handler.call(event))
            .await
            .map_err(|_| CheckFailure::TimedOut(self.timeout))?
            .map_err(|error| CheckFailure::Failed(error.to_string()))?;
        let form = ReplyForm { mode: options.header_mode, head: false };
        let response = alb::read_reply(&answer.reply, form)
            .map_err(|error| CheckFailure::Failed(format!("{}: {error}", error.reason())))?;
        match response.status().as_u16() {
            status if self.matcher.matches(status) => Ok(status),
            status => Err(CheckFailure::Mismatch { status, matcher: self.matcher.clone() }),
        }
    }
}

#[cfg(test)]
mod tests;
