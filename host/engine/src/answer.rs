//! What became of a request: a response, whose body may still be coming, or a fault; and the work that is left.

use std::pin::Pin;

use bytes::Bytes;
use http::{Response, response};
use tokio::sync::oneshot;

use crate::exchange::Exchange;
use crate::fault::Fault;

/// What became of a request. [`Answer::whole`] and [`Answer::open`] tell; dropping it ends the guest's work.
#[must_use = "the guest ends with its answer"]
pub struct Answer(Became);

enum Became {
    Failed(Fault, After),
    /// The guest has ended already.
    Whole(Response<Bytes>, After),
    /// The guest is at work.
    Open(response::Parts, Exchange),
}

/// An answer whose body is complete.
pub struct WholeAnswer {
    /// The guest's response, or why there is none.
    pub result: Result<Response<Bytes>, Fault>,
    /// What is left to do once the response is sent.
    pub after: After,
}

/// The body of a response.
pub enum Body {
    /// All of it.
    Whole(Bytes),
    /// It is still coming.
    Open(BodyPieces),
}

/// A body that is still coming. The guest runs while a piece is waited for. Dropped before its end, it ends the guest.
pub struct BodyPieces {
    /// None once the body has ended.
    exchange: Option<Exchange>,
    after: Option<oneshot::Sender<After>>,
}

/// Work that goes on after the response: the guest may still run, its instance is to be dropped or kept, and the next one to
/// be made. Dropping it ends the work.
#[must_use = "work after the response is lost unless it is finished"]
#[derive(Default)]
pub struct After(Option<Pin<Box<dyn Future<Output = Option<Fault>> + Send>>>);

impl Answer {
    pub(crate) fn failed(fault: Fault, after: After) -> Self {
        Self(Became::Failed(fault, after))
    }

    pub(crate) fn ended(answer: WholeAnswer) -> Self {
        match answer.result {
            Ok(response) => Self(Became::Whole(response, answer.after)),
            Err(fault) => Self(Became::Failed(fault, answer.after)),
        }
    }

    pub(crate) fn running(head: response::Parts, exchange: Exchange) -> Self {
        Self(Became::Open(head, exchange))
    }

    /// Waits until the body is complete. One of more than `limit` bytes is [`Fault::BodyTooLarge`].
    pub async fn whole(self, limit: usize) -> WholeAnswer {
        match self.0 {
            Became::Failed(fault, after) => WholeAnswer { result: Err(fault), after },
            Became::Whole(response, after) if response.body().len() > limit => {
                WholeAnswer { result: Err(Fault::BodyTooLarge { limit }), after: After::dropping(after) }
            }
            Became::Whole(response, after) => WholeAnswer { result: Ok(response), after },
            Became::Open(head, exchange) => exchange.whole(head, limit).await,
        }
    }

    /// The response, with its body as far as it has come. A body that is open has to be read to its end or dropped: the work
    /// that is left begins then.
    pub fn open(self) -> (Result<Response<Body>, Fault>, After) {
        match self.0 {
            Became::Failed(fault, after) => (Err(fault), after),
            Became::Whole(response, after) => (Ok(response.map(Body::Whole)), after),
            Became::Open(head, exchange) => {
                let (sender, left) = oneshot::channel::<After>();
                let body = BodyPieces { exchange: Some(exchange), after: Some(sender) };
                let after = After::of(async move { left.await.ok()?.finish().await });
                (Ok(Response::from_parts(head, Body::Open(body))), after)
            }
        }
    }
}

impl BodyPieces {
    /// Waits for the next piece. None once the body has ended; after an error there is no more of it.
    pub async fn next(&mut self) -> Option<Result<Bytes, Fault>> {
        let next = self.exchange.as_mut()?.next().await;
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
    /// Does the work, until its end or the deadline of the invocation, and tells what went wrong in it.
    pub async fn finish(self) -> Option<Fault> {
        match self.0 {
            Some(work) => work.await,
            None => None,
        }
    }

    /// Nothing but dropping `left`, which may take a while: files are removed with it.
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
