//! The body of an outgoing request, which is still there if a connection died before it asked for it.
//!
//! What goes over to the connection is bounded: few pieces lie unsent.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::sync::oneshot;
use wasmtime_wasi_http::{Error, WasiBody};

use super::unsent::Unsent;

/// The guest's body. Connections get handles to it: what one has read, the others no longer get.
pub(crate) struct RequestBody(Arc<Mutex<Source>>);

struct Source {
    body: WasiBody,
    unsent: Arc<Unsent>,
    /// What has been read to know whether there is anything.
    first: Option<Result<Frame<Bytes>, Error>>,
    /// A connection has got something of it.
    used: bool,
    ended: bool,
    /// Trailers came that could not be sent.
    lost_trailers: bool,
}

/// The body as a connection sends it.
pub(crate) struct Sending {
    source: Arc<Mutex<Source>>,
    /// What is missing of a length that was stated.
    missing: Option<u64>,
    trailers: bool,
    sent: Option<oneshot::Sender<bool>>,
}

/// Knows of a body without having it.
pub(crate) struct Watch(Weak<Mutex<Source>>);

impl Watch {
    pub(crate) fn is_held(&self) -> bool {
        self.0.strong_count() > 0
    }
}

/// Tells whether a connection has sent the whole body, once it has done with it.
pub(crate) type Sent = oneshot::Receiver<bool>;

type Polled = Poll<Option<Result<Frame<Bytes>, Error>>>;

impl RequestBody {
    pub(crate) fn new(body: WasiBody) -> Self {
        let unsent = Arc::default();
        let source = Source { body, unsent, first: None, used: false, ended: false, lost_trailers: false };
        Self(Arc::new(Mutex::new(source)))
    }

    /// Whether nothing of it was sent yet, so that it can be sent once more.
    pub(crate) fn is_whole(&self) -> bool {
        !lock(&self.0).used
    }

    /// Whether there is nothing to send, as far as one can tell.
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.0).is_end_stream()
    }

    /// Waits until one can tell.
    pub(crate) async fn known(&self) {
        poll_fn(|cx| lock(&self.0).poll_first(cx)).await;
    }

    /// Tells whether anybody still has it, and does not keep it: a guest that writes learns that nobody reads by its end.
    pub(crate) fn watch(&self) -> Watch {
        Watch(Arc::downgrade(&self.0))
    }

    pub(crate) fn has_lost_trailers(&self) -> bool {
        lock(&self.0).lost_trailers
    }

    /// A handle for a connection, which may not be able to send trailers.
    pub(crate) fn sending(&self, length: Option<u64>, trailers: bool) -> (Sending, Sent) {
        let (sent, told) = oneshot::channel();
        (Sending { source: self.0.clone(), missing: length, trailers, sent: Some(sent) }, told)
    }
}

impl Source {
    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.first.is_some() || self.is_end_stream() {
            return Poll::Ready(());
        }
        self.first = ready!(self.poll_piece(cx));
        self.ended = self.first.is_none();
        Poll::Ready(())
    }

    /// The next piece, or the trailers, once there is room.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Polled {
        ready!(self.unsent.poll_room(cx));
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        polled.map_ok(|frame| frame.map_data(|data| self.unsent.count(data)))
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Polled {
        let polled = match self.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None if self.ended => return Poll::Ready(None),
            None => self.poll_piece(cx),
        };
        match &polled {
            Poll::Ready(Some(frame)) => {
                self.used = true;
                self.ended |= frame.as_ref().is_ok_and(Frame::is_trailers);
            }
            Poll::Ready(None) => self.ended = true,
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && (self.ended || self.body.is_end_stream())
    }
}

/// Its length is stated by a header, or not known.
impl Body for Sending {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        let polled = lock(&self.source).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            if let (Some(missing), Some(data)) = (&mut self.missing, frame.data_ref()) {
                *missing = missing.saturating_sub(data.len() as u64);
            }
            if frame.trailers_ref().is_some_and(|trailers| !self.trailers && !trailers.is_empty()) {
                lock(&self.source).lost_trailers = true;
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.source).is_end_stream()
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let whole = self.missing == Some(0) || self.is_end_stream();
        if let Some(sent) = self.sent.take() {
            // Nobody may want to know.
            let _ = sent.send(whole);
        }
    }
}

fn lock(source: &Mutex<Source>) -> MutexGuard<'_, Source> {
    source.lock().unwrap_or_else(PoisonError::into_inner)
}
