//! The instances of one guest: creates them, and decides whether one serves another request.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout_at;
use wasmtime::{Engine, Store, UpdateDeadline};

use crate::call::Stream;
use crate::instance::{Handler, Instance};
use crate::output::OutputSink;
use crate::pool::GuestNumber;
use crate::reuse::Reuse;
use crate::runtime::Runtime;
use crate::state::{Common, State};

/// The most bytes that a guest may pass in one call. Bodies and files are passed in pieces, and no list is longer than
/// the header fields of a request.
const LARGEST_CALL: usize = 4 << 20;
const ONCE_ONLY: &str = "the handler gave no answer to a later request of its instance: from now on, each instance of \
                         this component serves one request. A component made of a fetch event listener cannot be \
                         reused; set guest.reuse = 1 (FUNCSERVER_GUEST_REUSE)";

/// Creates and reuses the instances of one guest.
pub(crate) struct Instances {
    pub(crate) handler: Handler,
    pub(crate) common: Arc<Common>,
    /// Keeps the runtime's ticker alive.
    runtime: Runtime,
    engine: Engine,
    number: GuestNumber,
    pub(crate) reuse: Reuse,
    /// Whether an instance has shown that it can serve only one request.
    once_only: AtomicBool,
}

impl Instances {
    pub(crate) fn new(handler: Handler, engine: Engine, common: Arc<Common>, reuse: Reuse, runtime: Runtime) -> Self {
        let number = runtime.parts().pool.guest();
        Self { handler, common, runtime, engine, number, reuse, once_only: AtomicBool::new(false) }
    }

    /// Waits for a permit, until the deadline. Before that it waits until the temporary folders of earlier requests are
    /// removed, so that they do not pile up.
    pub(crate) async fn permit(&self, deadline: Instant) -> Option<OwnedSemaphorePermit> {
        if let Some(scratch) = &self.common.scratch
            && !scratch.settled(self.common.limits.concurrency, deadline).await
        {
            return None;
        }
        self.runtime.parts().pool.permit(deadline).await
    }

    /// Takes an idle instance.
    pub(crate) fn take(&self) -> Option<Instance> {
        let variables = self.common.variables.current();
        loop {
            let instance = self.runtime.parts().pool.take(self.number)?;
            if !instance.is_stale(&self.reuse) && instance.has(&variables) {
                return Some(instance);
            }
        }
    }

    /// Creates a store whose guest is interrupted at every tick: it yields, or it ends if the deadline has passed.
    ///
    /// # Errors
    /// See [`State::new`].
    pub(crate) fn store(&self, sink: OutputSink, deadline: Instant) -> io::Result<Store<State>> {
        let mut store = Store::new(&self.engine, State::new(self.common.clone(), sink, deadline)?);
        store.limiter(|state| state);
        store.set_hostcall_fuel(LARGEST_CALL);
        // This limits the handles of 0.3's streams and futures. The table of the state limits the others.
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

    /// An instance that had served before gave no answer, like a component that handles only its first request. From
    /// now on each instance serves one request, which is logged once.
    pub(crate) fn gave_no_answer(&self, sink: &OutputSink) {
        if !self.once_only.swap(true, Ordering::Relaxed) {
            self.forget();
            sink.line(Stream::Stderr, ONCE_ONLY);
        }
    }

    /// The number of requests that one instance serves.
    fn most_requests(&self) -> usize {
        if self.once_only.load(Ordering::Relaxed) { 1 } else { self.reuse.requests }
    }

    /// Takes back an instance that has ended its request cleanly, if it may serve another request.
    pub(crate) fn give_back(&self, mut instance: Instance) {
        if instance.requests() >= self.most_requests() {
            return;
        }
        let Some(permit) = instance.disarm() else { return };
        self.runtime.parts().pool.give_back(self.number, instance);
        // The permit is released last, so that the request that waits for it finds the instance.
        drop(permit);
    }

    /// Creates an instance for the next request, if there is room for it. A failure is ignored here: it is reported
    /// when a request creates its own instance.
    pub(crate) async fn make_ready(&self, deadline: Instant) {
        // An instance that is returned serves as well as a new one, and is cheaper.
        let wanted = if self.most_requests() > 1 { 1 } else { usize::MAX };
        let Some(making) = self.runtime.parts().pool.making(self.number, wanted) else { return };
        let Ok(store) = self.store(OutputSink::default(), deadline) else { return };
        let made = pin!(self.handler.instantiate(store));
        if let Ok(Ok(instance)) = timeout_at(deadline.into(), made).await {
            making.made(instance);
        }
    }

    /// Drops the idle instances.
    pub(crate) fn forget(&self) {
        self.runtime.parts().pool.forget(self.number);
    }
}
