//! What all parts of the client know about one connection: who uses it, what its peer may send, and whether it is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::task::Context;

use futures_util::task::AtomicWaker;

/// Bytes that a peer may send in vain: heads and interim responses, control frames, extensions of chunks, padding,
/// data of a response that nobody reads any more.
const VAIN: usize = 256 * 1024;
/// Besides, for each request at work: what may come of its response before anybody reads it.
const AHEAD: usize = super::client::STREAM_WINDOW as usize;
/// So many requests may have something ahead: a connection's window.
const MOST_AHEAD: usize = super::client::MOST_STREAMS;
/// What a frame or a chunk takes besides its data, in HTTP and in TLS.
const FRAME: usize = 64;
/// A peer acknowledges what it is sent: one byte for so many.
const ACKNOWLEDGED: usize = 16;
/// Interim responses to one request: a server that says each second that it is at work has a minute.
const INTERIM: usize = 64;
/// What may be read in one turn before others get theirs. While a head is awaited, each byte costs more.
const TURN: usize = 128 * 1024;
const TURN_OF_HEAD: usize = 16 * 1024;

/// A handle to what is known about a connection.
#[derive(Clone, Default)]
pub(crate) struct Link(Arc<State>);

#[derive(Default)]
struct State {
    /// It takes no request any more.
    retired: AtomicBool,
    /// It is neither read nor written any more.
    closed: AtomicBool,
    /// Its peer has sent more than it may.
    flooded: AtomicBool,
    /// It has brought a response: if it fails later, it may have died of age.
    served: AtomicBool,
    /// A request begins on it that has served, and has been at rest.
    resumed: AtomicBool,
    /// Requests at work: sent, and their responses not yet read or given up.
    requests: AtomicUsize,
    /// Those among them whose head is awaited.
    awaiting: AtomicUsize,
    /// Bytes that have come in vain so far.
    vain: AtomicUsize,
    /// The task that reads and writes.
    waker: AtomicWaker,
}

impl Link {
    /// Begins a request.
    pub(crate) fn begin(&self) -> InFlightRequest {
        if self.0.requests.fetch_add(1, SeqCst) == 0 && self.has_served() {
            self.0.resumed.store(true, SeqCst);
        }
        self.0.awaiting.fetch_add(1, SeqCst);
        InFlightRequest { link: self.clone(), awaits: true, interim: Arc::default() }
    }

    /// Takes no request any more, and closes once those at work are done.
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

    /// Whether fewer requests are at work than so many.
    pub(crate) fn has_room(&self, most: usize) -> bool {
        self.0.requests.load(SeqCst) < most
    }

    pub(crate) fn has_served(&self) -> bool {
        self.0.served.load(Relaxed)
    }

    /// Whether it ended because its peer sent too much in vain.
    pub(crate) fn is_flooded(&self) -> bool {
        self.0.flooded.load(SeqCst)
    }

    /// Ends it now, whoever uses it.
    fn close(&self) {
        self.0.retired.store(true, SeqCst);
        self.0.closed.store(true, SeqCst);
        self.0.waker.wake();
    }

    /// Whether reading and writing is over. If not, the caller is woken when it is.
    pub(super) fn is_closed(&self, cx: &Context<'_>) -> bool {
        self.0.waker.register(cx.waker());
        self.0.closed.load(SeqCst)
    }

    /// Whether a request has begun after a rest, since this was asked last.
    pub(super) fn has_resumed(&self) -> bool {
        self.0.resumed.load(Relaxed) && self.0.resumed.swap(false, SeqCst)
    }

    /// How much may be read before others have their turn.
    pub(super) fn turn(&self) -> usize {
        if self.0.awaiting.load(Relaxed) == 0 { TURN } else { TURN_OF_HEAD }
    }

    /// Counts what has come. False if that is too much.
    pub(super) fn has_read(&self, bytes: usize) -> bool {
        let vain = self.0.vain.fetch_add(bytes, Relaxed) + bytes;
        let most = VAIN + AHEAD * self.0.requests.load(Relaxed).min(MOST_AHEAD);
        if vain > most {
            self.0.flooded.store(true, SeqCst);
        }
        !self.is_flooded()
    }

    pub(super) fn has_written(&self, bytes: usize) {
        self.earn(bytes / ACKNOWLEDGED);
    }

    /// Somebody has got what came.
    fn earn(&self, bytes: usize) {
        let lower = |vain: usize| Some(vain.saturating_sub(bytes));
        // It never fails, as there is always a next value.
        let _ = self.0.vain.fetch_update(Relaxed, Relaxed, lower);
    }
}

/// A request at work on a connection.
///
/// One that ends before the head of its response came retires the connection: what the peer does instead is of no use.
pub(crate) struct InFlightRequest {
    link: Link,
    awaits: bool,
    interim: Arc<AtomicUsize>,
}

impl InFlightRequest {
    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    /// Counts an interim response of this request each time it is called.
    pub(crate) fn interim(&self) -> impl Fn() + Send + Sync + 'static {
        let (link, count) = (self.link.clone(), self.interim.clone());
        move || {
            if count.fetch_add(1, Relaxed) >= INTERIM {
                link.0.flooded.store(true, SeqCst);
            }
        }
    }

    /// The head has come.
    pub(crate) fn answered(&mut self) {
        self.link.0.served.store(true, Relaxed);
        self.settle();
    }

    /// No head will come, as the peer has said.
    pub(crate) fn settle(&mut self) {
        if std::mem::take(&mut self.awaits) {
            self.link.0.awaiting.fetch_sub(1, SeqCst);
        }
    }

    /// The guest has got a part of the response.
    pub(crate) fn delivered(&self, bytes: usize) {
        self.link.earn(bytes + FRAME);
    }
}

impl Drop for InFlightRequest {
    fn drop(&mut self) {
        if self.awaits {
            self.settle();
            self.link.0.retired.store(true, SeqCst);
        }
        // What of its response is still on the way.
        self.link.earn(AHEAD + FRAME);
        let others = self.link.0.requests.fetch_sub(1, SeqCst) - 1;
        if others == 0 && self.link.is_retired() {
            self.link.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn is_closed(link: &Link) -> bool {
        link.is_closed(&Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_request_without_a_head_closes_the_connection_when_the_others_are_done() {
        let link = Link::default();
        let mut other = link.begin();
        other.answered();
        drop(link.begin());
        assert!(link.is_retired() && !is_closed(&link));
        drop(other);
        assert!(is_closed(&link));

        let link = Link::default();
        let mut request = link.begin();
        request.settle();
        drop(request);
        assert!(!link.is_retired() && !is_closed(&link));
        link.retire();
        assert!(is_closed(&link));
    }

    #[test]
    fn what_a_peer_sends_in_vain_is_bounded_and_what_is_delivered_is_not() {
        let link = Link::default();
        let mut request = link.begin();
        request.answered();
        for _ in 0..10_000 {
            assert!(link.has_read(1000));
            request.delivered(1000);
        }
        // Chunks of one byte with their frame and a record of TLS around.
        for _ in 0..100_000 {
            assert!(link.has_read(6 + 22));
            request.delivered(1);
        }
        assert!(link.has_read(VAIN + AHEAD) && !link.has_read(1));
        assert!(link.is_flooded());
    }

    #[test]
    fn acknowledgements_of_what_is_sent_are_not_in_vain() {
        let link = Link::default();
        let _request = link.begin();
        for _ in 0..100_000 {
            link.has_written(16 * 1024);
            assert!(link.has_read(2 * 13 + 22));
        }
    }

    #[test]
    fn interim_responses_are_counted() {
        let link = Link::default();
        let request = link.begin();
        let interim = request.interim();
        (0..INTERIM).for_each(|_| interim());
        assert!(link.has_read(1));
        interim();
        assert!(!link.has_read(1));
    }
}
