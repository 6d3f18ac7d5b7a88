//! For how many requests one instance is used.

use std::time::{Duration, SystemTime};

/// What an instance may serve before a new one takes its place. By default each serves one request.
///
/// Whatever a guest keeps in its memory reaches the later requests of the same instance. An instance that does not end a
/// request cleanly serves no other: one that traps, exits, misses its deadline, or leaves its body unfinished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reuse {
    /// Requests that an instance serves. 1, and 0 too, is a fresh instance for each.
    pub requests: usize,
    /// How long an instance that has served may wait for its next request; however long, if nothing is set. The clock on
    /// the wall counts, as it goes on while a process is frozen, and it is looked at when the next request comes.
    pub idle: Option<Duration>,
    /// Requests that an instance of `wasi:http` 0.3 may serve at once. With more than one, requests share an instance where
    /// several are answered at once.
    pub concurrent: usize,
}

impl Reuse {
    /// Whether an instance has waited for too long since then.
    pub(crate) fn is_stale(&self, rested: SystemTime) -> bool {
        // A clock that was set back tells nothing.
        self.idle.is_some_and(|idle| rested.elapsed().is_ok_and(|rest| rest > idle))
    }
}

impl Default for Reuse {
    fn default() -> Self {
        Self { requests: 1, idle: None, concurrent: 1 }
    }
}
