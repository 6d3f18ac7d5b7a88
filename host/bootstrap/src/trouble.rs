//! What `lambda_runtime` cannot tell its caller when it answers several events at once: a worker that panicked is gone in
//! silence, and one that cannot fetch events tries again at once, for ever. Either ends the process, as it does where
//! events come one at a time; Lambda starts it anew.

use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// How `lambda_runtime` begins its words when a request for an event has failed.
const POLL_FAILED: &str = "Error polling /next";
/// A part of the path of that crate's sources, however it was built.
const CRATE: &str = "lambda_runtime";

/// A sign that the process cannot go on. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Trouble(Arc<Sign>);

#[derive(Default)]
struct Sign {
    given: Notify,
    /// Whether a failed request for an event has been logged: the next ones, until the process has ended, say no more.
    logged: AtomicBool,
}

impl Trouble {
    /// Waits for the sign.
    pub(crate) async fn seen(&self) {
        self.0.given.notified().await;
    }

    /// To be told each warning of the crates below. Returns whether it is to be logged.
    pub(crate) fn hear(&self, message: &str) -> bool {
        if !message.starts_with(POLL_FAILED) {
            return true;
        }
        self.0.given.notify_one();
        !self.0.logged.swap(true, Ordering::Relaxed)
    }

    /// To be told each panic. One in the host's own code is answered with an error reply, and the process lives on.
    pub(crate) fn panicked(&self, panic: &PanicHookInfo<'_>) {
        if panic.location().is_some_and(|location| location.file().contains(CRATE)) {
            self.0.given.notify_one();
        }
    }
}
