//! Wakes a runtime from outside: its thread that drives I/O and timers may be blocked, and the other threads do not
//! notice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Handle;

/// Wakes a runtime from outside. A wake-up that is still pending is not repeated.
#[derive(Debug)]
pub(super) struct Nudge {
    runtime: Handle,
    on_its_way: Arc<AtomicBool>,
}

impl Nudge {
    /// A handle to the current runtime.
    pub(super) fn here() -> Self {
        Self { runtime: Handle::current(), on_its_way: Arc::default() }
    }

    /// Makes an idle thread of the runtime look for work.
    pub(super) fn wake(&self) {
        if !self.on_its_way.swap(true, Ordering::AcqRel) {
            let on_its_way = self.on_its_way.clone();
            self.runtime.spawn(async move { on_its_way.store(false, Ordering::Release) });
        }
    }
}
