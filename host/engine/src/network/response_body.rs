//! The body of a response, as the guest reads it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};
use wasmtime_wasi_http::{Error, Result};

use super::error;

pub(crate) struct ResponseBody {
    body: Incoming,
    /// How long the guest wants to wait for more.
    patience: Option<Duration>,
    waiting: Option<Pin<Box<Sleep>>>,
    /// The request counts as one of its instance's until its response is read or given up.
    _permit: OwnedSemaphorePermit,
}

impl ResponseBody {
    pub(crate) fn new(body: Incoming, patience: Option<Duration>, permit: OwnedSemaphorePermit) -> Self {
        Self { body, patience, waiting: None, _permit: permit }
    }

    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(patience) = self.patience else { return Poll::Pending };
        self.waiting.get_or_insert_with(|| Box::pin(sleep(patience))).as_mut().poll(cx)
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                self.waiting = None;
                Poll::Ready(frame.map(|frame| frame.map_err(|failure| error::of_body(&failure))))
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
