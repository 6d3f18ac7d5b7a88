//! For how many requests one instance is used.

use std::time::Duration;

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
}

impl Default for Reuse {
    fn default() -> Self {
        Self { requests: 1, idle: None }
    }
}
