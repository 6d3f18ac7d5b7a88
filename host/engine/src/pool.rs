//! The permits for concurrent requests, and the idle instances of all guests.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;

use crate::instance::Instance;

/// Which guest of a runtime an instance is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GuestNumber(usize);

/// Keeps idle instances.
///
/// Idle and running instances together never exceed the number of permits, save one that was being made as others began
/// to run. wasmtime's pool has a slot for it, and the share of the function's memory that each instance has still holds.
pub(crate) struct InstancePool {
    /// One permit for each request that runs.
    permits: Arc<Semaphore>,
    state: Mutex<PoolState>,
}

#[derive(Default)]
struct PoolState {
    /// The instance that became idle last is at the end.
    idle: Vec<(GuestNumber, Instance)>,
    /// Whether one is being made ahead.
    making: bool,
    guests: usize,
}

impl InstancePool {
    pub(crate) fn new(concurrency: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(concurrency)), state: Mutex::default() }
    }

    /// The number of one more guest.
    pub(crate) fn guest(&self) -> GuestNumber {
        let mut state = self.state();
        state.guests += 1;
        GuestNumber(state.guests)
    }

    /// Waits for a permit, until the deadline.
    pub(crate) async fn permit(&self, deadline: Instant) -> Option<OwnedSemaphorePermit> {
        timeout_at(deadline.into(), self.permits.clone().acquire_owned()).await.ok()?.ok()
    }

    /// Takes the idle instance of a guest that became idle last.
    pub(crate) fn take(&self, guest: GuestNumber) -> Option<Instance> {
        let mut state = self.state();
        let at = state.idle.iter().rposition(|(of, _)| *of == guest)?;
        Some(state.idle.remove(at).1)
    }

    /// Keeps an instance that has ended its request, whose permit is still taken, if there is room for it.
    pub(crate) fn give_back(&self, guest: GuestNumber, instance: Instance) {
        let mut state = self.state();
        let evicted = state.room_for(guest, self.permits.available_permits() + 1);
        if let Some(evicted) = evicted {
            state.idle.push((guest, instance));
            drop(state);
            // Dropping it takes a while.
            drop(evicted);
        }
    }

    /// Permission to make an instance ahead, if there is room for it and the guest has fewer than `wanted` idle ones.
    pub(crate) fn making(&self, guest: GuestNumber, wanted: usize) -> Option<Making<'_>> {
        let mut state = self.state();
        let own = state.idle.iter().filter(|(of, _)| *of == guest).count();
        if state.making || own >= wanted {
            return None;
        }
        let evicted = state.room_for(guest, self.permits.available_permits())?;
        state.making = true;
        drop(state);
        drop(evicted);
        Some(Making { pool: self, guest })
    }

    /// Drops the idle instances of a guest.
    pub(crate) fn forget(&self, guest: GuestNumber) {
        let forgotten: Vec<_> = self.state().idle.extract_if(.., |(of, _)| *of == guest).collect();
        drop(forgotten);
    }

    /// Gives up the memory of all idle instances, and tells whether there were any.
    pub(crate) fn shed(&self) -> bool {
        let idle = mem::take(&mut self.state().idle);
        !idle.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, PoolState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PoolState {
    /// Whether there is room for one more among at most so many. If there is none, the oldest instance of another guest makes
    /// room, and is returned.
    fn room_for(&mut self, guest: GuestNumber, most: usize) -> Option<Option<Instance>> {
        if self.idle.len() < most {
            return Some(None);
        }
        if most == 0 {
            return None;
        }
        let other = self.idle.iter().position(|(of, _)| *of != guest)?;
        Some(Some(self.idle.remove(other).1))
    }
}

/// An instance is being made, until this is dropped.
pub(crate) struct Making<'a> {
    pool: &'a InstancePool,
    guest: GuestNumber,
}

impl Making<'_> {
    /// It is made.
    pub(crate) fn made(self, instance: Instance) {
        self.pool.state().idle.push((self.guest, instance));
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        self.pool.state().making = false;
    }
}
