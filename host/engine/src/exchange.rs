//! One request and its answer: the guest runs, its answer is collected beside it, and the clock watches both.

use std::pin::Pin;
use std::time::Instant;

use bytes::Bytes;
use tokio::time::{sleep_until, timeout_at};
use wasmtime::{Store, Trap};
use wasmtime_wasi::I32Exit;

use crate::fault::Fault;
use crate::reply::Reply;
use crate::state::State;

/// A guest at work. It owns its store: dropping it drops the instance.
pub(crate) type Run = Pin<Box<dyn Future<Output = Ended> + Send>>;

/// A guest that has ended. The store lives on until its answer is known: when it goes, a body that was left open looks
/// finished.
pub(crate) struct Ended {
    pub(crate) store: Store<State>,
    pub(crate) result: Result<(), End>,
}

/// How a guest failed.
pub(crate) enum End {
    /// Before its first instruction, or in a start function.
    Instantiate(wasmtime::Error),
    /// In the handler.
    Call(wasmtime::Error),
}

/// What became of a request.
pub struct Answer {
    /// The guest's response, its body whole, or why there is none.
    pub result: Result<http::Response<Bytes>, Fault>,
    /// What is left to do once the reply is sent.
    pub after: After,
}

/// Work that goes on after the reply: the guest may still run, and its instance is to be dropped. Dropping it ends the
/// work.
#[must_use = "work after the reply is lost unless it is finished"]
#[derive(Default)]
pub struct After(Option<Pin<Box<dyn Future<Output = Option<Fault>> + Send>>>);

impl After {
    /// Does the work, until its end or the deadline of the invocation, and tells what went wrong in it.
    pub async fn finish(self) -> Option<Fault> {
        match self.0 {
            Some(work) => work.await,
            None => None,
        }
    }

    fn dropping(store: Store<State>) -> Self {
        Self(Some(Box::pin(async move {
            drop(store);
            None
        })))
    }

    fn running(run: Run, deadline: Instant) -> Self {
        Self(Some(Box::pin(async move {
            match timeout_at(deadline.into(), run).await {
                Ok(Ended { result: Ok(()), .. }) => None,
                Ok(Ended { store, result: Err(end) }) => match fault(end, &store) {
                    Fault::Exit(0) => None,
                    fault => Some(fault),
                },
                Err(_) => Some(Fault::Deadline),
            }
        })))
    }
}

impl Answer {
    pub(crate) fn failed(fault: Fault) -> Self {
        Self { result: Err(fault), after: After::default() }
    }
}

/// Lets the guest run until its answer is complete, it ends, or the deadline comes.
pub(crate) async fn exchange(mut run: Run, mut reply: Reply, deadline: Instant) -> Answer {
    tokio::select! {
        biased;
        ended = &mut run => settle(ended, reply),
        result = reply.collect() => {
            let after = if result.is_ok() { After::running(run, deadline) } else { After::default() };
            Answer { result, after }
        }
        () = sleep_until(deadline.into()) => Answer::failed(Fault::Deadline),
    }
}

fn settle(ended: Ended, reply: Reply) -> Answer {
    let Ended { store, result } = ended;
    let result = match result.map_err(|end| fault(end, &store)) {
        Ok(()) => reply.settle(),
        // A program that ends itself in good order after its answer has answered.
        Err(Fault::Exit(0)) => reply.settle().map_err(|_| Fault::Exit(0)),
        Err(fault) => Err(fault),
    };
    Answer { result, after: After::dropping(store) }
}

fn fault(end: End, store: &Store<State>) -> Fault {
    let (error, instantiated) = match end {
        End::Instantiate(error) => (error, false),
        End::Call(error) => (error, true),
    };
    if let Some(I32Exit(code)) = error.downcast_ref() {
        return Fault::Exit(*code);
    }
    let text = format!("{error:?}");
    match error.downcast_ref() {
        Some(Trap::Interrupt) => Fault::Deadline,
        Some(Trap::StackOverflow) => Fault::Stack(text),
        _ => match store.data().limiter.refused_memory() {
            Some(limit) => Fault::Memory { limit, trap: text },
            None if instantiated => Fault::Trap(text),
            None => Fault::Instantiate(text),
        },
    }
}
