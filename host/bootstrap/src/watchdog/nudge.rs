//! Wakes a runtime from outside: the thread of it that waits for input and timers may be blocked, which the others do not
//! know.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::Handle;

/// Wakes a runtime from outside.
#[derive(Debug)]
pub(super) struct Nudge {
    runtime: Handle,
    on_its_way: Arc<AtomicBool>,
}

impl Nudge {
    /// For the runtime that calls.
    pub(super) fn here() -> Self {
        Self { runtime: Handle::current(), on_its_way: Arc::default() }
    }

    /// Has a thread that is idle look at what there is to do.
    pub(super) fn wake(&self) {
        if !self.on_its_way.swap(true, Ordering::AcqRel) {
            let on_its_way = self.on_its_way.clone();
            self.runtime.spawn(async move { on_its_way.store(false, Ordering::Release) });
        }
    }
}
