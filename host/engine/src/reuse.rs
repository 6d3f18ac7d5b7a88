//! How many requests an instance serves.

use std::time::{Duration, SystemTime};

/// How long an instance is reused before a new one replaces it. By default each instance serves one request.
///
/// The memory of a guest is visible to later requests of the same instance. An instance that does not end a request
/// cleanly is not reused: one that traps, exits, misses its deadline, or leaves its body unfinished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reuse {
    /// The number of requests that an instance serves. 1 or 0 means a fresh instance for each request.
    pub requests: usize,
    /// The time that an instance may be idle before its next request. `None` means no limit. It is measured by the wall
    /// clock, which advances while a process is frozen, and checked when the next request arrives.
    pub idle: Option<Duration>,
    /// The number of concurrent requests of an instance of `wasi:http` 0.3. With more than one, concurrent requests
    /// share an instance.
    pub concurrent: usize,
}

impl Reuse {
    /// Whether an instance that is idle since `rested` has been idle for too long.
    pub(crate) fn is_stale(&self, rested: SystemTime) -> bool {
        // If the clock was set back, the time is unknown.
        self.idle.is_some_and(|idle| rested.elapsed().is_ok_and(|rest| rest > idle))
    }
}

impl Default for Reuse {
    fn default() -> Self {
        Self { requests: 1, idle: None, concurrent: 1 }
    }
}
