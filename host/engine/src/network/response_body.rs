//! The body of a response, as the guest reads it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};
use wasmtime_wasi_http::{Error, Result};

use super::connection::FLOODED;
use super::error;
use super::lease::Lease;
use super::notice::Notices;
use super::origin::Origin;

pub(crate) struct ResponseBody {
    body: Incoming,
    origin: Origin,
    notices: Arc<Notices>,
    /// The guest's timeout between two pieces of the body.
    patience: Option<Duration>,
    waiting: Option<Pin<Box<Sleep>>>,
    /// The connection and the permit for a request of the instance, until the response is fully read or dropped.
    held: Option<(Lease, OwnedSemaphorePermit)>,
}

impl ResponseBody {
    /// `patience` is the guest's timeout between two pieces of the body.
    pub(crate) fn new(
        body: Incoming,
        patience: Option<Duration>,
        held: (Lease, OwnedSemaphorePermit),
        (origin, notices): (Origin, Arc<Notices>),
    ) -> Self {
        let held = (!body.is_end_stream()).then_some(held);
        Self { body, origin, notices, patience, waiting: None, held }
    }

    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(patience) = self.patience else { return Poll::Pending };
        self.waiting.get_or_insert_with(|| Box::pin(sleep(patience))).as_mut().poll(cx)
    }

    /// Converts a frame for the guest, and records its bytes as delivered.
    fn deliver(&mut self, frame: Result<Frame<Bytes>, hyper::Error>) -> Result<Frame<Bytes>> {
        let lease = self.held.as_ref().map(|(lease, _)| lease);
        match (&frame, lease) {
            (Ok(frame), Some(lease)) => lease.delivered(frame.data_ref().map_or(0, Bytes::len)),
            (Err(_), Some(lease)) if lease.state().is_flooded() => {
                self.notices.failed(&self.origin, FLOODED.to_owned());
            }
            _ => {}
        }
        frame.map_err(|failure| error::of_body(&failure))
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                self.waiting = None;
                let frame = frame.map(|frame| self.deliver(frame));
                if !matches!(frame, Some(Ok(_))) {
                    self.held = None;
                }
                Poll::Ready(frame)
            }
            Poll::Pending => self.poll_patience(cx).map(|()| Some(Err(Error::ConnectionReadTimeout))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
