//! The body of an outgoing request. It can be sent again if a connection failed before it read any of the body.
//!
//! The number of pieces that a connection has taken but not sent is limited.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::sync::oneshot;
use wasmtime_wasi_http::{Error, WasiBody};

use super::unsent::Unsent;

/// The guest's body. Connections get handles to it. A piece that one handle has read is not returned by the others.
pub(crate) struct RequestBody(Arc<Mutex<Source>>);

struct Source {
    body: WasiBody,
    unsent: Arc<Unsent>,
    /// The first frame, which was read to find out whether the body is empty.
    first: Option<Result<Frame<Bytes>, Error>>,
    /// Whether a connection has read a part of the body.
    used: bool,
    ended: bool,
    /// Whether the body has trailers that could not be sent.
    lost_trailers: bool,
}

/// The body as a connection reads it.
pub(crate) struct Sending {
    source: Arc<Mutex<Source>>,
    /// The remaining bytes of a stated length.
    missing: Option<u64>,
    trailers: bool,
    sent: Option<oneshot::Sender<bool>>,
}

/// Observes a body without owning it.
pub(crate) struct Watch(Weak<Mutex<Source>>);

impl Watch {
    pub(crate) fn is_held(&self) -> bool {
        self.0.strong_count() > 0
    }
}

/// Reports whether a connection has sent the whole body, once it has finished with it.
pub(crate) type Sent = oneshot::Receiver<bool>;

type Polled = Poll<Option<Result<Frame<Bytes>, Error>>>;

impl RequestBody {
    pub(crate) fn new(body: WasiBody) -> Self {
        let unsent = Arc::default();
        let source = Source { body, unsent, first: None, used: false, ended: false, lost_trailers: false };
        Self(Arc::new(Mutex::new(source)))
    }

    /// Whether no part of the body was sent yet, so that it can be sent again.
    pub(crate) fn is_whole(&self) -> bool {
        !lock(&self.0).used
    }

    /// Whether the body is known to be empty.
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.0).is_end_stream()
    }

    /// Waits until it is known whether the body is empty.
    pub(crate) async fn known(&self) {
        poll_fn(|cx| lock(&self.0).poll_first(cx)).await;
    }

    /// Returns an observer that does not keep the body alive: a guest that writes must notice when all readers are
    /// gone.
    pub(crate) fn watch(&self) -> Watch {
        Watch(Arc::downgrade(&self.0))
    }

    pub(crate) fn has_lost_trailers(&self) -> bool {
        lock(&self.0).lost_trailers
    }

    /// A handle for a connection; `trailers` says whether it can send trailers.
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

    /// Polls the next piece or the trailers, once there is room for it.
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

/// The length is stated by a header, or unknown.
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
            // The receiver may have been dropped.
            let _ = sent.send(whole);
        }
    }
}

fn lock(source: &Mutex<Source>) -> MutexGuard<'_, Source> {
    source.lock().unwrap_or_else(PoisonError::into_inner)
}
