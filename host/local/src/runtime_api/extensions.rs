//! Extensions register, then wait for the shutdown.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

use crate::id;

/// The extensions of one environment.
pub(super) struct Extensions {
    known: Mutex<HashSet<String>>,
    /// The number of registered extensions.
    count: watch::Sender<usize>,
    /// The time at which they are killed, in milliseconds since 1970; `None` before the shutdown.
    shutdown: watch::Sender<Option<u128>>,
}

impl Extensions {
    pub(super) fn new() -> Self {
        Self { known: Mutex::default(), count: watch::Sender::new(0), shutdown: watch::Sender::new(None) }
    }

    /// Registers an extension, and returns its identifier.
    pub(super) fn register(&self) -> String {
        let identifier = id::request_id();
        self.known().insert(identifier.clone());
        self.count.send_modify(|count| *count += 1);
        identifier
    }

    pub(super) fn knows(&self, identifier: &str) -> bool {
        self.known().contains(identifier)
    }

    pub(super) fn any(&self) -> bool {
        !self.known().is_empty()
    }

    /// Waits until `count` extensions have registered.
    pub(super) async fn registered(&self, count: usize) {
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = self.count.subscribe().wait_for(|known| *known >= count).await;
    }

    pub(super) fn shut_down(&self, grace: Duration) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.shutdown.send_replace(Some(now.saturating_add(grace).as_millis()));
    }

    /// Waits for the shutdown, and returns its event.
    pub(super) async fn next(&self) -> serde_json::Value {
        let mut shutdown = self.shutdown.subscribe();
        // The sender lives as long as `self`, so the wait cannot fail.
        let deadline = shutdown.wait_for(Option::is_some).await.ok().and_then(|deadline| *deadline);
        serde_json::json!({
            "eventType": "SHUTDOWN",
            "shutdownReason": "spindown",
            "deadlineMs": u64::try_from(deadline.unwrap_or_default()).unwrap_or(u64::MAX),
        })
    }

    fn known(&self) -> MutexGuard<'_, HashSet<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
