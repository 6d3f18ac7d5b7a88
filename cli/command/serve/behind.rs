//! What stands behind the load balancer.

use std::mem;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use funcserver_function::Outcome;
use funcserver_local::InvocationError;
use funcserver_local::balancer::{FunctionReply, Handler};

use super::line;
use super::program::Runtime;
use crate::local::LocalFunction;
use crate::output;

/// How long a custom runtime's invocations may take to end when their clients are gone.
const GRACE: Duration = Duration::from_secs(1);

/// What answers events. Clones share it.
#[derive(Clone)]
pub(crate) enum Behind {
    /// A component, in this process.
    Component(Slot),
    /// A custom runtime, in processes of its own.
    Runtime(Arc<Runtime>),
}

/// The component that is served now. Clones share it.
#[derive(Clone)]
pub(crate) struct Slot(Arc<RwLock<LocalFunction>>);

impl Slot {
    pub(crate) fn new(function: LocalFunction) -> Slot {
        Slot(Arc::new(RwLock::new(function)))
    }

    /// Serves `function` from the next event on. Events on their way keep the one that they began with.
    pub(crate) fn put(&self, function: LocalFunction) {
        let mut place = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let old = mem::replace(&mut *place, function);
        drop(place);
        // Its memory is unmapped here, if no event has it any more, and not while others wait.
        drop(old);
    }

    fn get(&self) -> LocalFunction {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Behind {
    /// Ends the processes, if there are some, and waits for their end.
    pub(crate) async fn end(self) {
        let Behind::Runtime(runtime) = self else { return };
        match runtime.fleet.shut_down_after(GRACE).await {
            0 => {}
            count => output::warn(format_args!("{count} invocations were broken off")),
        }
    }
}

impl Handler for Behind {
    async fn call(&self, event: Bytes) -> Result<FunctionReply, InvocationError> {
        match self {
            Behind::Component(slot) => answer(slot.get(), event).await,
            Behind::Runtime(runtime) => runtime.fleet.call(event).await,
        }
    }
}

async fn answer(function: LocalFunction, event: Bytes) -> Result<FunctionReply, InvocationError> {
    let (outcome, after) = function.invoke(event).await;
    tokio::spawn(after.finish());
    match outcome {
        Outcome::Reply { json, times } => Ok(FunctionReply { reply: json, note: Some(line::note(times)) }),
        Outcome::Error { kind, message } => Err(InvocationError::function(kind, message)),
    }
}
