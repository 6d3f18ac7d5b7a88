//! The body of an answer to a signed request. If it says that the credentials are refused, the log has that.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use funcserver_aws::RefusedCredentials;
use http_body::{Body, Frame, SizeHint};
use wasmtime_wasi_http::{Error, Result, WasiBody};

/// The most bytes that are looked at. An error's answer begins with its code.
const MOST: usize = 4096;

/// Looks for a refusal in the bytes that the guest reads, and tells the first one.
pub(super) struct RefusedBody<T> {
    body: WasiBody,
    begin: Vec<u8>,
    tell: Option<T>,
}

impl<T: FnOnce(RefusedCredentials)> RefusedBody<T> {
    pub(super) fn new(body: WasiBody, tell: T) -> Self {
        Self { body, begin: Vec::new(), tell: Some(tell) }
    }

    fn look(&mut self, data: &[u8]) {
        if self.tell.is_none() {
            return;
        }
        let room = MOST.saturating_sub(self.begin.len()).min(data.len());
        self.begin.extend_from_slice(data.get(..room).unwrap_or_default());
        if self.begin.len() == MOST {
            self.end();
        }
    }

    /// Looks at the bytes so far, which are all that count.
    fn end(&mut self) {
        if let (Some(tell), Some(refusal)) = (self.tell.take(), RefusedCredentials::in_body(&self.begin)) {
            tell(refusal);
        }
    }
}

impl<T: FnOnce(RefusedCredentials) + Unpin> Body for RefusedBody<T> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                self.look(frame.data_ref().map_or(&[], |data| data));
                // Nobody reads beyond the end that a length has stated.
                if self.body.is_end_stream() {
                    self.end();
                }
            }
            Poll::Ready(_) => self.end(),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
