//! The state of a connection that all parts of the client share: its requests, what its peer may send, and whether it
//! is closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::task::Context;

use futures_util::task::AtomicWaker;

/// The most overhead that a peer may send, in bytes: headers and interim responses, control frames, chunk extensions,
/// padding, and data of responses that are no longer read.
const MAX_OVERHEAD: usize = 256 * 1024;
/// In addition, for each request in flight: the bytes of its response that may arrive before they are read.
const MAX_UNREAD: usize = super::client::STREAM_WINDOW as usize;
/// The number of requests for which unread bytes are allowed: the window of a connection has room for as many.
const MAX_UNREAD_RESPONSES: usize = super::client::MAX_STREAMS;
/// The size of a frame or a chunk without its data, in HTTP and in TLS.
const FRAME_OVERHEAD: usize = 64;
/// A peer acknowledges what it receives: one byte for this many is not counted as overhead.
const BYTES_PER_ACK: usize = 16;
/// The most interim responses to one request. A server that sends one each second has a minute.
const MAX_INTERIM: usize = 64;
/// The most bytes that are read before the task yields. While the head of a response is awaited, each byte costs more
/// processor time.
const READ_PER_TURN: usize = 128 * 1024;
const READ_PER_TURN_BEFORE_HEAD: usize = 16 * 1024;

/// A handle to the state of a connection.
#[derive(Clone, Default)]
pub(crate) struct ConnectionState(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// The connection accepts no more requests.
    retired: AtomicBool,
    /// The connection is closed for reading and writing.
    closed: AtomicBool,
    /// The peer has sent more than it may.
    flooded: AtomicBool,
    /// The connection has returned a response. A later failure may be due to its age.
    served: AtomicBool,
    /// A request has begun on the idle connection after an earlier response.
    resumed: AtomicBool,
    /// The requests in flight: sent, and their responses neither read completely nor dropped.
    requests: AtomicUsize,
    /// The requests in flight whose response head is awaited.
    awaiting: AtomicUsize,
    /// The overhead received so far, in bytes.
    overhead: AtomicUsize,
    /// The task that reads from and writes to the connection.
    waker: AtomicWaker,
}

impl ConnectionState {
    /// Begins a request.
    pub(crate) fn begin(&self) -> InFlightRequest {
        if self.0.requests.fetch_add(1, SeqCst) == 0 && self.has_served() {
            self.0.resumed.store(true, SeqCst);
        }
        self.0.awaiting.fetch_add(1, SeqCst);
        InFlightRequest { state: self.clone(), awaits: true, interim: Arc::default() }
    }

    /// Accepts no more requests, and closes the connection once those in flight have ended.
    pub(crate) fn retire(&self) {
        self.0.retired.store(true, SeqCst);
        if self.0.requests.load(SeqCst) == 0 {
            self.close();
        }
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.0.retired.load(SeqCst)
    }

    pub(crate) fn is_unused(&self) -> bool {
        self.0.requests.load(SeqCst) == 0
    }

    /// Whether fewer than `most` requests are in flight.
    pub(crate) fn has_room(&self, most: usize) -> bool {
        self.0.requests.load(SeqCst) < most
    }

    pub(crate) fn has_served(&self) -> bool {
        self.0.served.load(Relaxed)
    }

    /// Whether the connection ended because its peer sent too much overhead.
    pub(crate) fn is_flooded(&self) -> bool {
        self.0.flooded.load(SeqCst)
    }

    /// Closes the connection at once, even if requests are in flight.
    fn close(&self) {
        self.0.retired.store(true, SeqCst);
        self.0.closed.store(true, SeqCst);
        self.0.waker.wake();
    }

    /// Whether the connection is closed. If not, the calling task is woken when it is.
    pub(super) fn is_closed(&self, cx: &Context<'_>) -> bool {
        self.0.waker.register(cx.waker());
        self.0.closed.load(SeqCst)
    }

    /// Whether a request has begun on the idle connection since the last call.
    pub(super) fn has_resumed(&self) -> bool {
        self.0.resumed.load(Relaxed) && self.0.resumed.swap(false, SeqCst)
    }

    /// The most bytes to read before the task yields.
    pub(super) fn turn(&self) -> usize {
        if self.0.awaiting.load(Relaxed) == 0 { READ_PER_TURN } else { READ_PER_TURN_BEFORE_HEAD }
    }

    /// Counts received bytes. Returns false if the peer has sent too much.
    pub(super) fn has_read(&self, bytes: usize) -> bool {
        let overhead = self.0.overhead.fetch_add(bytes, Relaxed) + bytes;
        let most = MAX_OVERHEAD + MAX_UNREAD * self.0.requests.load(Relaxed).min(MAX_UNREAD_RESPONSES);
        if overhead > most {
            self.0.flooded.store(true, SeqCst);
        }
        !self.is_flooded()
    }

    pub(super) fn has_written(&self, bytes: usize) {
        self.credit(bytes / BYTES_PER_ACK);
    }

    /// Subtracts bytes that turned out to be useful from the overhead.
    fn credit(&self, bytes: usize) {
        let lower = |overhead: usize| Some(overhead.saturating_sub(bytes));
        // This never fails, because `lower` always returns a value.
        let _ = self.0.overhead.fetch_update(Relaxed, Relaxed, lower);
    }
}

/// A request in flight on a connection.
///
/// If it ends before the head of its response, it retires the connection, because later bytes of the peer would be
/// useless.
pub(crate) struct InFlightRequest {
    state: ConnectionState,
    awaits: bool,
    interim: Arc<AtomicUsize>,
}

impl InFlightRequest {
    pub(crate) fn state(&self) -> &ConnectionState {
        &self.state
    }

    /// Returns a function that counts an interim response of this request on each call.
    pub(crate) fn interim(&self) -> impl Fn() + Send + Sync + 'static {
        let (state, count) = (self.state.clone(), self.interim.clone());
        move || {
            if count.fetch_add(1, Relaxed) >= MAX_INTERIM {
                state.0.flooded.store(true, SeqCst);
            }
        }
    }

    /// The head of the response has arrived.
    pub(crate) fn answered(&mut self) {
        self.state.0.served.store(true, Relaxed);
        self.settle();
    }

    /// The peer has reported that no head will come.
    pub(crate) fn settle(&mut self) {
        if std::mem::take(&mut self.awaits) {
            self.state.0.awaiting.fetch_sub(1, SeqCst);
        }
    }

    /// The guest has read a part of the response.
    pub(crate) fn delivered(&self, bytes: usize) {
        self.state.credit(bytes + FRAME_OVERHEAD);
    }
}

impl Drop for InFlightRequest {
    fn drop(&mut self) {
        if self.awaits {
            self.settle();
            self.state.0.retired.store(true, SeqCst);
        }
        // A part of its response may still arrive.
        self.state.credit(MAX_UNREAD + FRAME_OVERHEAD);
        let others = self.state.0.requests.fetch_sub(1, SeqCst) - 1;
        if others == 0 && self.state.is_retired() {
            self.state.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn is_closed(state: &ConnectionState) -> bool {
        state.is_closed(&Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_request_without_a_head_closes_the_connection_after_the_others() {
        let state = ConnectionState::default();
        let mut other = state.begin();
        other.answered();
        drop(state.begin());
        assert!(state.is_retired() && !is_closed(&state));
        drop(other);
        assert!(is_closed(&state));

        let state = ConnectionState::default();
        let mut request = state.begin();
        request.settle();
        drop(request);
        assert!(!state.is_retired() && !is_closed(&state));
        state.retire();
        assert!(is_closed(&state));
    }

    #[test]
    fn overhead_is_limited_and_delivered_bytes_are_not() {
        let state = ConnectionState::default();
        let mut request = state.begin();
        request.answered();
        for _ in 0..10_000 {
            assert!(state.has_read(1000));
            request.delivered(1000);
        }
        // Chunks of one byte, each in a frame and a TLS record.
        for _ in 0..100_000 {
            assert!(state.has_read(6 + 22));
            request.delivered(1);
        }
        assert!(state.has_read(MAX_OVERHEAD + MAX_UNREAD) && !state.has_read(1));
        assert!(state.is_flooded());
    }

    #[test]
    fn acknowledgements_are_not_overhead() {
        let state = ConnectionState::default();
        let _request = state.begin();
        for _ in 0..100_000 {
            state.has_written(16 * 1024);
            assert!(state.has_read(2 * 13 + 22));
        }
    }

    #[test]
    fn interim_responses_are_counted() {
        let state = ConnectionState::default();
        let request = state.begin();
        let interim = request.interim();
        (0..MAX_INTERIM).for_each(|_| interim());
        assert!(state.has_read(1));
        interim();
        assert!(!state.has_read(1));
    }
}
