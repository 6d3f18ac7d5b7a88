//! The outcome of a request: a response, whose body may still be open, or a fault; and the work that remains.

use std::pin::Pin;

use bytes::Bytes;
use http::{Response, response};
use tokio::sync::oneshot;

use crate::exchange::Exchange;
use crate::fault::Fault;

/// The outcome of a request, which [`Answer::whole`] and [`Answer::open`] return. Dropping it ends the guest.
#[must_use = "the guest ends with its answer"]
pub struct Answer(Became);

#[expect(
    clippy::large_enum_variant,
    reason = "it is moved twice, which costs less than an allocation for each request"
)]
enum Became {
    Failed(Fault, After),
    /// The body is still to be read.
    Open(response::Parts, Exchange),
}

/// An answer whose body is complete.
pub struct WholeAnswer {
    /// The guest's response, or the fault that prevented one.
    pub result: Result<Response<Bytes>, Fault>,
    /// The work that remains after the response is sent.
    pub after: After,
}

/// The body of a response.
pub enum Body {
    /// The complete body.
    Whole(Bytes),
    /// A body that is still open.
    Open(Box<BodyPieces>),
}

/// An open body. The guest runs while the next piece is awaited, and only then: a slow reader holds it back. Dropping
/// this before the end of the body ends the guest.
pub struct BodyPieces {
    /// What has been read already, and the fault after it.
    first: Option<Bytes>,
    fault: Option<Fault>,
    /// `None` once the body has ended.
    exchange: Option<Exchange>,
    after: Option<oneshot::Sender<After>>,
}

/// Work after the response: the guest may still run, its instance is kept or dropped, and the next instance is created.
/// Dropping this cancels the work.
#[must_use = "work after the response is lost unless it is finished"]
#[derive(Default)]
pub struct After(Option<Pin<Box<dyn Future<Output = Option<Fault>> + Send>>>);

impl Answer {
    pub(crate) fn failed(fault: Fault, after: After) -> Self {
        Self(Became::Failed(fault, after))
    }

    pub(crate) fn begun(head: response::Parts, exchange: Exchange) -> Self {
        Self(Became::Open(head, exchange))
    }

    /// Waits until the body is complete. A body of more than `limit` bytes is [`Fault::BodyTooLarge`].
    pub async fn whole(self, limit: usize) -> WholeAnswer {
        match self.0 {
            Became::Failed(fault, after) => WholeAnswer { result: Err(fault), after },
            Became::Open(head, exchange) => exchange.whole(head, limit).await,
        }
    }

    /// The response, as soon as there is its head. An open body must be read to its end or dropped: only then does the
    /// remaining work begin.
    ///
    /// A guest that has failed already, without writing a byte, has not answered. The body of one that has ended is whole.
    pub async fn open(self) -> (Result<Response<Body>, Fault>, After) {
        let (head, mut exchange) = match self.0 {
            Became::Failed(fault, after) => return (Err(fault), after),
            Became::Open(head, exchange) => (head, exchange),
        };
        let (mut first, mut fault) = (None, None);
        if !exchange.is_running() {
            // The guest buffers little, so no limit is necessary.
            let (written, ended) = exchange.read(usize::MAX).await;
            match ended {
                Ok(()) => return (Ok(Response::from_parts(head, Body::Whole(written))), exchange.after(Ok(()))),
                Err(failed) if written.is_empty() => {
                    let after = exchange.after(Err(&failed));
                    return (Err(failed), after);
                }
                Err(failed) => (first, fault) = (Some(written), Some(failed)),
            }
        }
        let (sender, left) = oneshot::channel::<After>();
        let body = BodyPieces { first, fault, exchange: Some(exchange), after: Some(sender) };
        let after = After::of(async move { left.await.ok()?.finish().await });
        (Ok(Response::from_parts(head, Body::Open(Box::new(body)))), after)
    }
}

impl BodyPieces {
    /// Waits for the next piece. Returns `None` after the end of the body and after an error.
    pub async fn next(&mut self) -> Option<Result<Bytes, Fault>> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        let next = match self.fault.take() {
            Some(fault) => Err(fault),
            None => self.exchange.as_mut()?.next().await,
        };
        match next {
            Ok(Some(piece)) => Some(Ok(piece)),
            Ok(None) => {
                self.end(Ok(()));
                None
            }
            Err(fault) => {
                self.end(Err(&fault));
                Some(Err(fault))
            }
        }
    }

    fn end(&mut self, result: Result<(), &Fault>) {
        if let Some((exchange, sender)) = self.exchange.take().zip(self.after.take()) {
            let _ = sender.send(exchange.after(result));
        }
    }
}

impl Drop for BodyPieces {
    fn drop(&mut self) {
        let written = self.exchange.as_ref().map_or(0, Exchange::written);
        self.end(Err(&Fault::BodyBroken(written)));
    }
}

impl After {
    /// Does the work until it is finished or the deadline of the invocation passes, and returns the fault if it failed.
    pub async fn finish(self) -> Option<Fault> {
        match self.0 {
            Some(work) => work.await,
            None => None,
        }
    }

    /// Only drops `left`. This may take a while, because it can remove files.
    pub(crate) fn dropping<T: Send + 'static>(left: T) -> Self {
        Self::of(async move {
            drop(left);
            None
        })
    }

    pub(crate) fn of(work: impl Future<Output = Option<Fault>> + Send + 'static) -> Self {
        Self(Some(Box::pin(work)))
    }
}
