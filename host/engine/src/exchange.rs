//! One request and its answer: the guest runs, its answer is collected beside it, and the clock watches both.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tokio::time::{sleep_until, timeout_at};

use crate::fault::Fault;
use crate::instance::{Failed, Instance};
use crate::instances::Instances;
use crate::outlet::Outlet;
use crate::reply::ReplyBuffer;

/// A guest at work. It owns its instance: dropping it drops the instance.
pub(crate) type Run = Pin<Box<dyn Future<Output = Result<Instance, Failed>> + Send>>;

/// Who runs, and until when.
pub(crate) struct Exchange {
    pub(crate) instances: Arc<Instances>,
    pub(crate) deadline: Instant,
    /// Where the output of its instance goes, if that has served before.
    pub(crate) used: Option<Outlet>,
}

/// What became of a request.
pub struct Answer {
    /// The guest's response, its body whole, or why there is none.
    pub result: Result<http::Response<Bytes>, Fault>,
    /// What is left to do once the reply is sent.
    pub after: After,
}

/// Work that goes on after the reply: the guest may still run, its instance is to be dropped or kept, and the next one to
/// be made ready. Dropping it ends the work.
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

    /// Nothing but the end of `left`, which may take a while: files are removed with it.
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

impl Answer {
    pub(crate) fn failed(fault: Fault) -> Self {
        Self { result: Err(fault), after: After::default() }
    }
}

impl Exchange {
    /// Lets the guest run until its answer is complete, it ends, or the deadline comes.
    pub(crate) async fn run(self, mut run: Run, mut reply: ReplyBuffer) -> Answer {
        tokio::select! {
            biased;
            ended = &mut run => self.settle(ended, reply),
            result = reply.collect() => match result {
                Ok(response) => Answer { result: Ok(response), after: After::of(self.go_on(run)) },
                Err(fault) => self.fail(fault, run),
            },
            () = sleep_until(self.deadline.into()) => self.fail(Fault::Deadline, run),
        }
    }

    fn settle(self, ended: Result<Instance, Failed>, reply: ReplyBuffer) -> Answer {
        match ended {
            Ok(instance) => match reply.settle() {
                Ok((response, true)) => Answer { result: Ok(response), after: After::of(self.give_back(instance)) },
                Ok((response, false)) => Answer { result: Ok(response), after: After::of(self.discard(instance)) },
                Err(fault) => self.fail(fault, instance),
            },
            // Another one would fail too.
            Err(Failed { fault: fault @ Fault::Instantiate(_), store }) => {
                Answer { result: Err(fault), after: After::dropping(store) }
            }
            Err(Failed { fault, store }) => match reply.settle_failed(&fault) {
                Ok(response) => Answer { result: Ok(response), after: After::of(self.fail_late(fault, store)) },
                Err(fault) => self.fail(fault, store),
            },
        }
    }

    /// What is left of the guest goes once the reply is sent.
    fn fail<T: Send + 'static>(self, fault: Fault, left: T) -> Answer {
        if let (Fault::NoAnswer, Some(outlet)) = (&fault, &self.used) {
            self.instances.gave_no_answer(outlet);
        }
        Answer { result: Err(fault), after: After::of(self.discard(left)) }
    }

    /// The reply is complete, and the guest still at work.
    async fn go_on(self, run: Run) -> Option<Fault> {
        match timeout_at(self.deadline.into(), run).await {
            Ok(Ok(instance)) => self.give_back(instance).await,
            Ok(Err(Failed { fault, store })) => self.fail_late(fault, store).await,
            Err(_) => Some(Fault::Deadline),
        }
    }

    async fn give_back(self, instance: Instance) -> Option<Fault> {
        self.instances.give_back(instance);
        self.make_ready().await
    }

    async fn discard<T>(self, left: T) -> Option<Fault> {
        drop(left);
        self.make_ready().await
    }

    /// The guest has failed after its answer, unless it ended itself in good order.
    async fn fail_late<T>(self, fault: Fault, left: T) -> Option<Fault> {
        self.discard(left).await;
        Some(fault).filter(|fault| *fault != Fault::Exit(0))
    }

    async fn make_ready(self) -> Option<Fault> {
        self.instances.make_ready(self.deadline).await;
        None
    }
}
