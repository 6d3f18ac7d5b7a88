//! The backend of the load balancer: a component, or a custom runtime.

use std::mem;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use funcserver_function::{After, Outcome, StreamError, StreamedReply};
use funcserver_local::balancer::Handler;
use funcserver_local::{FunctionReply, InvocationError, ReplyStream};

use super::custom_runtime::CustomRuntime;
use crate::local::LocalFunction;
use crate::output;

/// How long a custom runtime's invocations may take to finish when their clients are gone.
const GRACE: Duration = Duration::from_secs(1);

/// Answers events. Clones share it.
#[derive(Clone)]
pub(crate) enum Backend {
    /// A component, in this process.
    Component(Slot),
    /// A custom runtime, in processes of its own.
    Runtime(Arc<CustomRuntime>),
}

/// The component that is served now, which a new one can replace. Clones share it.
#[derive(Clone)]
pub(crate) struct Slot(Arc<RwLock<LocalFunction>>);

impl Slot {
    pub(crate) fn new(function: LocalFunction) -> Slot {
        Slot(Arc::new(RwLock::new(function)))
    }

    /// Serves `function` from the next event on. Running events keep the function that they started with.
    pub(crate) fn put(&self, function: LocalFunction) {
        let mut place = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let old = mem::replace(&mut *place, function);
        drop(place);
        // If no event uses it any more, its memory is unmapped here, outside the lock.
        drop(old);
    }

    fn get(&self) -> LocalFunction {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Backend {
    /// Stops the processes, if there are some, and waits for their end.
    pub(crate) async fn end(self) {
        let Backend::Runtime(runtime) = self else { return };
        match runtime.fleet.shut_down_after(GRACE).await {
            0 => {}
            count => output::warn(format_args!("{count} invocations were killed before they finished")),
        }
    }
}

impl Handler for Backend {
    async fn call(&self, id: &str, event: Bytes) -> Result<FunctionReply, InvocationError> {
        match self {
            Backend::Component(slot) => answer(slot.get(), id, event).await,
            Backend::Runtime(runtime) => runtime.fleet.invoke_as(id, event).await,
        }
    }
}

async fn answer(function: LocalFunction, id: &str, event: Bytes) -> Result<FunctionReply, InvocationError> {
    let (outcome, after) = function.invoke(id, event).await;
    let reply = match outcome {
        Outcome::Reply(json) => Ok(FunctionReply::Whole(json)),
        Outcome::Stream(reply) => return Ok(FunctionReply::Stream(streamed(reply, after))),
        Outcome::Error { kind, message } => Err(InvocationError::function(kind, message)),
    };
    tokio::spawn(after.finish());
    reply
}

/// A reply that is read as the component writes it. What became of it is reported at its end.
fn streamed(mut reply: Box<StreamedReply>, after: After) -> ReplyStream {
    let (writer, stream) = ReplyStream::new(StreamedReply::CONTENT_TYPE);
    tokio::spawn(async move {
        let failed = loop {
            match reply.next().await {
                Some(Ok(piece)) => writer.write(piece).await,
                Some(Err(StreamError { kind, message })) => break Some(InvocationError::function(kind, message)),
                None => break None,
            }
        };
        match failed {
            Some(error) => writer.fail(error).await,
            None => writer.end().await,
        }
        after.finish().await;
    });
    stream
}
