//! The health state of a target, and how checks change it.

use std::fmt;

/// The health state of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthState {
    /// Unknown: no check has succeeded, and too few have failed.
    Initial,
    /// Checks succeed.
    Healthy,
    /// Checks fail.
    Unhealthy,
}

/// Counts successful and failed checks.
#[derive(Debug)]
pub(super) struct Tally {
    state: HealthState,
    /// The number of consecutive checks that contradict the state.
    against: u32,
    healthy_threshold: u32,
    unhealthy_threshold: u32,
}

impl Tally {
    pub(super) fn new(healthy_threshold: u32, unhealthy_threshold: u32) -> Self {
        Self { state: HealthState::Initial, against: 0, healthy_threshold, unhealthy_threshold }
    }

    pub(super) fn state(&self) -> HealthState {
        self.state
    }

    /// Counts one check, and returns the target's new state. A new target needs a single success.
    pub(super) fn count(&mut self, success: bool) -> HealthState {
        let (next, threshold) = match (self.state, success) {
            (HealthState::Initial, true) => (HealthState::Healthy, 1),
            (HealthState::Unhealthy, true) => (HealthState::Healthy, self.healthy_threshold),
            (HealthState::Initial | HealthState::Healthy, false) => (HealthState::Unhealthy, self.unhealthy_threshold),
            (HealthState::Healthy, true) | (HealthState::Unhealthy, false) => {
                self.against = 0;
                return self.state;
            }
        };
        self.against += 1;
        if self.against >= threshold {
            (self.state, self.against) = (next, 0);
        }
        self.state
    }
}

impl fmt::Display for HealthState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HealthState::Initial => "initial",
            HealthState::Healthy => "healthy",
            HealthState::Unhealthy => "unhealthy",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first letters of the states after successful (`+`) and failed (`-`) checks.
    fn states(checks: &str) -> String {
        let mut tally = Tally::new(3, 2);
        checks.bytes().map(|check| tally.count(check == b'+').to_string()).map(|state| state[..1].to_owned()).collect()
    }

    #[test]
    fn thresholds_count_consecutive_checks() {
        assert_eq!(states("+"), "h");
        assert_eq!(states("-+"), "ih");
        assert_eq!(states("--"), "iu");
        assert_eq!(states("+-+--"), "hhhhu");
        assert_eq!(states("--++-+++"), "iuuuuuuh");
        assert_eq!(states("--+++-+--"), "iuuuhhhhu");
    }
}
