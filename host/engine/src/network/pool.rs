//! The connection pool: open connections by origin, within limits.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::origin::Origin;
use super::sender::Sender;

/// The most idle connections to one origin.
const MAX_IDLE: usize = 8;
/// The time for which idle connections are kept: slightly less than the minute after which load balancers close theirs.
const IDLE: Duration = Duration::from_secs(50);

pub(crate) struct Pool {
    hosts: Mutex<HashMap<Origin, Arc<OriginConnections>>>,
    room: Arc<Semaphore>,
    most_of_one: usize,
    /// The number of requests that wait for a permit.
    waiting: AtomicUsize,
}

/// The connections to one origin.
pub(crate) struct OriginConnections {
    room: Arc<Semaphore>,
    open: Mutex<Open>,
    /// Notified when a connection becomes free.
    freed: Notify,
}

#[derive(Default)]
struct Open {
    /// HTTP/1.1 connections, for one request at a time. The most recently used one is acquired first.
    idle: Vec<Kept>,
    /// HTTP/2 connections, for several concurrent requests. The first one with room is acquired, so that the others
    /// become idle.
    shared: Vec<Kept>,
}

struct Kept {
    sender: Sender,
    used: Instant,
}

/// The permit for one connection. It is released when the connection is closed or could not be opened.
pub(crate) struct Permit {
    _all: OwnedSemaphorePermit,
    _of_origin: OwnedSemaphorePermit,
}

/// An acquired connection, or the permit to open one.
pub(crate) enum Acquired {
    /// An open connection.
    Open(Sender),
    /// The permit for a new connection.
    New(Permit),
}

impl Pool {
    /// A pool of at most `most` connections, of which `most_of_one` go to one origin.
    pub(crate) fn new(most: usize, most_of_one: usize) -> Self {
        let room = Arc::new(Semaphore::new(most));
        Self { hosts: Mutex::default(), room, most_of_one, waiting: AtomicUsize::new(0) }
    }

    pub(crate) fn host(&self, origin: &Origin) -> Arc<OriginConnections> {
        let mut hosts = self.hosts();
        hosts.retain(|_, host| host.sweep() || Arc::strong_count(host) > 1);
        hosts.entry(origin.clone()).or_insert_with(|| Arc::new(OriginConnections::new(self.most_of_one))).clone()
    }

    /// Acquires a connection that becomes free, or the permit to open one, whichever comes first.
    pub(crate) async fn acquire(&self, host: &OriginConnections) -> Acquired {
        self.waiting.fetch_add(1, SeqCst);
        let _waiting = Waiting(&self.waiting);
        loop {
            let freed = host.freed.notified();
            if let Some(sender) = host.take() {
                return Acquired::Open(sender);
            }
            self.make_room();
            tokio::select! {
                biased;
                permit = self.permit(host) => return Acquired::New(permit),
                () = freed => {}
            }
        }
    }

    /// Acquires the permit to open a connection.
    pub(crate) async fn permit(&self, host: &OriginConnections) -> Permit {
        self.make_room();
        let of_origin = acquire(&host.room).await;
        Permit { _of_origin: of_origin, _all: acquire(&self.room).await }
    }

    /// Keeps a connection for the next request, or closes it if the pool is full and a request waits for a permit.
    pub(crate) fn keep(&self, host: &OriginConnections, sender: Sender) {
        if self.is_full() && self.waiting.load(SeqCst) > 0 {
            sender.state().retire();
            return;
        }
        host.keep(sender);
    }

    /// A request has ended on a connection to `host` that stays open. A waiting request may get the connection or its
    /// permit.
    pub(crate) fn ended(&self, host: &OriginConnections) {
        if self.waiting.load(SeqCst) > 0 {
            host.freed.notify_one();
            self.make_room();
        }
    }

    /// Drops all connections. Those in use are closed once they are free.
    pub(crate) fn forget(&self) {
        self.hosts().drain().for_each(|(_, host)| host.forget());
    }

    /// Closes all unused connections if the limit is reached.
    fn make_room(&self) {
        if self.is_full() {
            self.hosts().values().for_each(|host| host.close_unused());
        }
    }

    fn is_full(&self) -> bool {
        self.room.available_permits() == 0
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<Origin, Arc<OriginConnections>>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OriginConnections {
    fn new(most: usize) -> Self {
        Self { room: Arc::new(Semaphore::new(most)), open: Mutex::default(), freed: Notify::new() }
    }

    /// Takes an open connection with room for a request.
    pub(crate) fn take(&self) -> Option<Sender> {
        let mut open = self.open();
        open.shared.retain(|shared| shared.sender.is_usable());
        if let Some(shared) = open.shared.iter_mut().find(|shared| shared.sender.has_room()) {
            shared.used = Instant::now();
            return shared.sender.share();
        }
        while let Some(kept) = open.idle.pop() {
            if kept.is_alive() {
                return Some(kept.sender);
            }
        }
        None
    }

    fn keep(&self, sender: Sender) {
        let mut open = self.open();
        let kept = Kept { sender, used: Instant::now() };
        if !kept.sender.is_http1() {
            // Another request may have added one in the meantime, which may be in use already.
            if !open.shared.iter().any(|shared| shared.is_alive() && shared.sender.has_room()) {
                open.shared.push(kept);
            }
            self.freed.notify_waiters();
            return;
        }
        open.idle.push(kept);
        if open.idle.len() > MAX_IDLE {
            open.idle.remove(0).sender.state().retire();
        }
        self.freed.notify_one();
    }

    fn close_unused(&self) {
        let mut open = self.open();
        open.idle.drain(..).for_each(|kept| kept.sender.state().retire());
        for unused in open.shared.extract_if(.., |shared| shared.sender.state().is_unused()) {
            unused.sender.state().retire();
        }
    }

    fn forget(&self) {
        let Open { idle, shared } = std::mem::take(&mut *self.open());
        idle.iter().chain(&shared).for_each(|kept| kept.sender.state().retire());
    }

    /// Closes connections that were idle for too long. Returns whether any connection is left.
    fn sweep(&self) -> bool {
        let mut open = self.open();
        open.idle.retain(Kept::is_alive);
        open.shared.retain(Kept::is_alive);
        !open.shared.is_empty() || !open.idle.is_empty()
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Whether the connection can be used. It is closed if it was idle for too long.
    fn is_alive(&self) -> bool {
        let state = self.sender.state();
        if state.is_unused() && self.used.elapsed() > IDLE {
            state.retire();
        }
        self.sender.is_usable()
    }
}

#[cfg(test)]
impl Permit {
    /// A permit from a single semaphore, for tests.
    pub(crate) async fn some(room: &Arc<Semaphore>) -> Self {
        Self { _all: acquire(room).await, _of_origin: acquire(room).await }
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

async fn acquire(room: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    match room.clone().acquire_owned().await {
        Ok(permit) => permit,
        // These semaphores are never closed.
        Err(_) => std::future::pending().await,
    }
}
