//! The body of an outgoing request, which is still there if a connection died before it asked for it.
//!
//! What goes over to the connection is bounded: pieces without a byte are left out, and of others few lie unsent.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use wasmtime_wasi_http::{Error, WasiBody};

use super::unsent::Unsent;

/// A handle to the guest's body. Handles share it: what one has read, the others no longer get.
#[derive(Clone)]
pub(crate) struct RequestBody(Arc<Mutex<Source>>);

struct Source {
    body: WasiBody,
    unsent: Arc<Unsent>,
    /// Something of it was read.
    used: bool,
    ended: bool,
}

impl RequestBody {
    pub(crate) fn new(body: WasiBody) -> Self {
        Self(Arc::new(Mutex::new(Source { body, unsent: Arc::default(), used: false, ended: false })))
    }

    /// Whether nothing of it was read yet, so that it can be sent once more.
    pub(crate) fn is_whole(&self) -> bool {
        !self.source().used
    }

    fn source(&self) -> MutexGuard<'_, Source> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut source = self.source();
        if source.ended {
            return Poll::Ready(None);
        }
        ready!(source.unsent.poll_room(cx));
        loop {
            let frame = ready!(Pin::new(&mut source.body).poll_frame(cx));
            let Some(Ok(frame)) = frame else {
                source.used |= frame.is_some();
                source.ended = frame.is_none();
                return Poll::Ready(frame);
            };
            source.used = true;
            match frame.into_data() {
                Ok(data) if data.is_empty() => {}
                Ok(data) => return Poll::Ready(Some(Ok(Frame::data(source.unsent.count(data))))),
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        let source = self.source();
        source.ended || source.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.source().body.size_hint()
    }
}
