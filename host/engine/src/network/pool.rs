//! Open connections, by the origin to which they go, and how many there may be.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::origin::Origin;
use super::sender::Sender;

/// Connections to one origin that are kept while nobody uses them.
const MOST_IDLE: usize = 8;
/// How long they are kept: a little less than the minute after which load balancers close theirs.
const IDLE: Duration = Duration::from_secs(50);

pub(crate) struct Pool {
    hosts: Mutex<HashMap<Origin, Arc<OriginConnections>>>,
    room: Arc<Semaphore>,
    most_of_one: usize,
    /// Requests that wait for a permit.
    waiting: AtomicUsize,
}

/// The connections to one origin.
pub(crate) struct OriginConnections {
    room: Arc<Semaphore>,
    open: Mutex<Open>,
    /// A connection has become free.
    freed: Notify,
}

#[derive(Default)]
struct Open {
    /// HTTP/1.1: one request at a time. The one that was used last is taken first.
    idle: Vec<Kept>,
    /// HTTP/2: several requests at once. The first that has room is taken, so that the others grow old.
    shared: Vec<Kept>,
}

struct Kept {
    sender: Sender,
    used: Instant,
}

/// The right to one connection. It is given back when the connection is closed, or was not made.
pub(crate) struct Permit {
    _all: OwnedSemaphorePermit,
    _of_origin: OwnedSemaphorePermit,
}

/// How a request gets to its connection.
pub(crate) enum Way {
    /// By one that is open.
    Open(Sender),
    /// By a new one.
    New(Permit),
}

impl Pool {
    /// So many connections in all, and so many of them to one origin.
    pub(crate) fn new(most: usize, most_of_one: usize) -> Self {
        let room = Arc::new(Semaphore::new(most));
        Self { hosts: Mutex::default(), room, most_of_one, waiting: AtomicUsize::new(0) }
    }

    pub(crate) fn host(&self, origin: &Origin) -> Arc<OriginConnections> {
        let mut hosts = self.hosts();
        hosts.retain(|_, host| host.sweep() || Arc::strong_count(host) > 1);
        hosts.entry(origin.clone()).or_insert_with(|| Arc::new(OriginConnections::new(self.most_of_one))).clone()
    }

    /// A connection that becomes free, or the right to make one, whichever comes first.
    pub(crate) async fn way(&self, host: &OriginConnections) -> Way {
        self.waiting.fetch_add(1, SeqCst);
        let _waiting = Waiting(&self.waiting);
        loop {
            let freed = host.freed.notified();
            if let Some(sender) = host.take() {
                return Way::Open(sender);
            }
            self.make_room();
            tokio::select! {
                biased;
                permit = self.permit(host) => return Way::New(permit),
                () = freed => {}
            }
        }
    }

    /// The right to a connection of one's own.
    pub(crate) async fn permit(&self, host: &OriginConnections) -> Permit {
        self.make_room();
        let of_origin = acquire(&host.room).await;
        Permit { _of_origin: of_origin, _all: acquire(&self.room).await }
    }

    /// Keeps a connection for the next request. Others may need its place more.
    pub(crate) fn keep(&self, host: &OriginConnections, sender: Sender) {
        if self.is_full() && self.waiting.load(SeqCst) > 0 {
            sender.link().retire();
            return;
        }
        host.keep(sender);
    }

    /// A request has ended on a connection to `host` that stays: whoever waits may get that one, or its place.
    pub(crate) fn ended(&self, host: &OriginConnections) {
        if self.waiting.load(SeqCst) > 0 {
            host.freed.notify_one();
            self.make_room();
        }
    }

    /// Keeps none of the connections that there are. Those in use are closed once they are free.
    pub(crate) fn forget(&self) {
        self.hosts().drain().for_each(|(_, host)| host.forget());
    }

    /// Closes the connections that nobody uses now, if there can be no more.
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

    /// A connection that is open and free.
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
            // Another one may have been faster, and be in use already.
            if !open.shared.iter().any(|shared| shared.is_alive() && shared.sender.has_room()) {
                open.shared.push(kept);
            }
            self.freed.notify_waiters();
            return;
        }
        open.idle.push(kept);
        if open.idle.len() > MOST_IDLE {
            open.idle.remove(0).sender.link().retire();
        }
        self.freed.notify_one();
    }

    fn close_unused(&self) {
        let mut open = self.open();
        open.idle.drain(..).for_each(|kept| kept.sender.link().retire());
        for unused in open.shared.extract_if(.., |shared| shared.sender.link().is_unused()) {
            unused.sender.link().retire();
        }
    }

    fn forget(&self) {
        let Open { idle, shared } = std::mem::take(&mut *self.open());
        idle.iter().chain(&shared).for_each(|kept| kept.sender.link().retire());
    }

    /// Closes what has not been used for long. Whether anything is left.
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
    /// Whether it can be used. One that is too old is closed.
    fn is_alive(&self) -> bool {
        let link = self.sender.link();
        if link.is_unused() && self.used.elapsed() > IDLE {
            link.retire();
        }
        self.sender.is_usable()
    }
}

#[cfg(test)]
impl Permit {
    /// For two of these.
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
        // Nobody closes these semaphores.
        Err(_) => std::future::pending().await,
    }
}
