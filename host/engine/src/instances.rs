//! All instances of a component: how many run, and which lie ready.

use std::io;
use std::mem;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;
use wasmtime::{Engine, Store, UpdateDeadline};

use crate::call::Stream;
use crate::instance::{Handler, Instance};
use crate::output::OutputSink;
use crate::reuse::Reuse;
use crate::state::{Common, State};

/// What a guest may hand over in one call, in bytes: bodies and files go in pieces, and more than a request's header
/// fields have in a list is none.
const LARGEST_CALL: usize = 4 << 20;
const ONCE_ONLY: &str = "the handler gave no answer to a further request of its instance: instances of this component serve one \
                         request each from now on. A component made of a fetch event listener cannot be reused; set \
                         guest.reuse = 1 (FUNCSERVER_GUEST_REUSE)";

/// Makes instances, and keeps those that lie ready.
///
/// What lies ready and what runs are together no more than may run at once, save one that was being made as others began
/// to run: it holds nobody up, and what a function's memory is divided by is true.
pub(crate) struct Instances {
    pub(crate) handler: Handler,
    pub(crate) common: Arc<Common>,
    engine: Engine,
    pub(crate) reuse: Reuse,
    /// One permit for each that runs.
    permits: Arc<Semaphore>,
    shelf: Mutex<Shelf>,
    /// Whether an instance has shown that it cannot serve more than one request.
    once_only: AtomicBool,
}

#[derive(Default)]
struct Shelf {
    ready: Vec<Instance>,
    /// Whether one is being made for it.
    making: bool,
}

impl Instances {
    pub(crate) fn new(handler: Handler, engine: Engine, common: Arc<Common>, reuse: Reuse) -> Self {
        let permits = Arc::new(Semaphore::new(common.limits.concurrency));
        Self { handler, common, engine, reuse, permits, shelf: Mutex::default(), once_only: AtomicBool::new(false) }
    }

    /// Waits for a free place, until the deadline; and for the removal of what earlier requests have left in their
    /// temporary folders, so that it does not pile up.
    pub(crate) async fn permit(&self, deadline: Instant) -> Option<OwnedSemaphorePermit> {
        if let Some(scratch) = &self.common.scratch
            && !scratch.settled(self.common.limits.concurrency, deadline).await
        {
            return None;
        }
        timeout_at(deadline.into(), self.permits.clone().acquire_owned()).await.ok()?.ok()
    }

    /// One that lies ready.
    pub(crate) fn take(&self) -> Option<Instance> {
        loop {
            let instance = self.shelf().ready.pop()?;
            if !instance.is_stale(&self.reuse) {
                return Some(instance);
            }
        }
    }

    /// A store whose guest is interrupted at every tick: past its deadline it ends, before it lets others run.
    ///
    /// # Errors
    /// See [`State::new`].
    pub(crate) fn store(&self, sink: OutputSink, deadline: Instant) -> io::Result<Store<State>> {
        let mut store = Store::new(&self.engine, State::new(self.common.clone(), sink, deadline)?);
        store.limiter(|state| state);
        store.set_hostcall_fuel(LARGEST_CALL);
        // Those of 0.3's streams and futures; the others are in the table of the state.
        store.set_max_component_handles(self.common.limits.handles);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|store| {
            if Instant::now() >= store.data().deadline {
                return Ok(UpdateDeadline::Interrupt);
            }
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
        });
        Ok(store)
    }

    /// An instance that had served gave no answer, as a component does that takes its first request only. From now on each
    /// serves one request; the log says so once.
    pub(crate) fn gave_no_answer(&self, sink: &OutputSink) {
        if !self.once_only.swap(true, Ordering::Relaxed) {
            self.forget();
            sink.line(Stream::Stderr, ONCE_ONLY);
        }
    }

    /// For how many requests one instance is used.
    fn most_requests(&self) -> usize {
        if self.once_only.load(Ordering::Relaxed) { 1 } else { self.reuse.requests }
    }

    /// Takes back one that has ended its request cleanly, if it may serve another.
    pub(crate) fn give_back(&self, mut instance: Instance) {
        if instance.requests() >= self.most_requests() {
            return;
        }
        let Some(permit) = instance.disarm() else { return };
        let mut shelf = self.shelf();
        // Its own permit is still taken.
        if shelf.ready.len() <= self.permits.available_permits() {
            shelf.ready.push(instance);
        }
        drop(shelf);
        // Whoever waits for it finds the instance.
        drop(permit);
    }

    /// Makes one ready for the next request, unless there is no place that it could have. One that fails shows its fault
    /// when a request makes its own.
    pub(crate) async fn make_ready(&self, deadline: Instant) {
        let Some(_making) = self.making() else { return };
        let Ok(store) = self.store(OutputSink::default(), deadline) else { return };
        let made = pin!(self.handler.instantiate(store));
        if let Ok(Ok(instance)) = timeout_at(deadline.into(), made).await {
            self.shelf().ready.push(instance);
        }
    }

    /// Drops those that lie ready.
    pub(crate) fn forget(&self) {
        self.shelf().ready.clear();
    }

    /// Gives up the memory of those that lie ready, and tells whether there were any.
    pub(crate) fn shed(&self) -> bool {
        let ready = mem::take(&mut self.shelf().ready);
        !ready.is_empty()
    }

    fn making(&self) -> Option<Making<'_>> {
        let mut shelf = self.shelf();
        // An instance that comes back is as good as one that is made, and better than one that is laid on top of it.
        let wanted = if self.most_requests() > 1 { 1 } else { usize::MAX };
        if shelf.making || shelf.ready.len() >= self.permits.available_permits().min(wanted) {
            return None;
        }
        shelf.making = true;
        Some(Making(self))
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One is being made, until this is dropped.
struct Making<'a>(&'a Instances);

impl Drop for Making<'_> {
    fn drop(&mut self) {
        self.0.shelf().making = false;
    }
}
