//! A pool of environments, one for each concurrent request, up to a limit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinSet;

use super::{Environment, LineSink, Program};
use crate::{Function, FunctionReply, InvocationError, id};

/// The environments of one function. Dropping the fleet kills all their processes, even those that handle an event.
pub struct Fleet {
    /// The invocations in flight. They are dropped with the fleet, and each drops its environment.
    running: Mutex<JoinSet<()>>,
    shared: Arc<Shared>,
}

struct Shared {
    function: Function,
    program: Program,
    output: LineSink,
    /// One permit for each environment that may be busy.
    permits: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// All live environments, by number.
    live: BTreeMap<u64, Arc<Environment>>,
    /// The environments without an event. The most recently used one is at the end, and is reused first.
    idle: Vec<u64>,
    started: u64,
    closed: bool,
}

impl Fleet {
    /// A fleet of at most `limit` environments. None of them is started yet.
    pub fn new(function: Function, program: Program, limit: usize, output: LineSink) -> Self {
        let permits = Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS)));
        let shared = Shared { function, program, output, permits, state: Mutex::default() };
        Self { running: Mutex::default(), shared: Arc::new(shared) }
    }

    /// Invokes an idle environment with `event`, or a new one if none is idle.
    ///
    /// If all environments are busy, it returns at once with an error of the kind
    /// [`Throttled`](crate::InvocationErrorKind::Throttled). As in Lambda, an event that was accepted is handled to its
    /// end, even if this future is dropped.
    pub async fn invoke(&self, event: Bytes) -> Result<Bytes, InvocationError> {
        self.invoke_as(&id::request_id(), event).await?.whole().await
    }

    /// The same, for an invocation that has a request id. A streamed reply is returned when it begins.
    pub async fn invoke_as(&self, id: &str, event: Bytes) -> Result<FunctionReply, InvocationError> {
        let permit = self.shared.permits.clone().try_acquire_owned().map_err(|_| InvocationError::throttled())?;
        let (sender, answer) = oneshot::channel();
        let (shared, id) = (self.shared.clone(), id.to_owned());
        {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            while running.try_join_next().is_some() {}
            running.spawn(async move {
                shared.work(&id, event, permit, sender).await;
            });
        }
        answer.await.unwrap_or_else(|_| Err(InvocationError::function("Fleet.Closed", "the fleet has been closed")))
    }

    /// The process ids of the live environments.
    pub fn process_ids(&self) -> Vec<u32> {
        self.shared.state().live.values().map(|environment| environment.process_id()).collect()
    }

    /// The number of environments that have been started so far.
    pub fn started(&self) -> u64 {
        self.shared.state().started
    }

    /// Waits for the events in flight, then ends all environments as Lambda does. Later events are throttled.
    pub async fn shut_down(&self) {
        self.shut_down_after(Duration::MAX).await;
    }

    /// Like [`shut_down`](Self::shut_down), but cancels events that take longer than `patience`. Returns the number of
    /// cancelled events.
    pub async fn shut_down_after(&self, patience: Duration) -> usize {
        self.shared.permits.close();
        let mut running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        let drained = async { while running.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(patience, drained).await;
        let cancelled = running.len();
        drop(running);
        let live = self.shared.close();
        let mut ends = JoinSet::new();
        for environment in live {
            ends.spawn(async move { environment.shut_down().await });
        }
        while ends.join_next().await.is_some() {}
        cancelled
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for environment in self.shared.close() {
            environment.kill();
        }
    }
}

impl Shared {
    async fn work(
        &self,
        id: &str,
        event: Bytes,
        permit: OwnedSemaphorePermit,
        answer: oneshot::Sender<Result<FunctionReply, InvocationError>>,
    ) {
        match self.acquire().await {
            Ok((number, environment)) => {
                let ended = || {
                    self.release(number, &environment);
                    drop(permit);
                };
                environment.invoke_as(id, event, ended, answer).await;
            }
            // The receiver may have been dropped.
            Err(error) => drop(answer.send(Err(error))),
        }
    }

    async fn acquire(&self) -> Result<(u64, Arc<Environment>), InvocationError> {
        let number = {
            let mut state = self.state();
            while let Some(number) = state.idle.pop() {
                match state.live.get(&number) {
                    Some(environment) if environment.alive() => return Ok((number, environment.clone())),
                    _ => state.live.remove(&number),
                };
            }
            state.started += 1;
            state.started
        };
        let environment = Environment::start(&self.function, &self.program, &self.output, number).await?;
        let environment = Arc::new(environment);
        let mut state = self.state();
        if !state.closed {
            state.live.insert(number, environment.clone());
        } else {
            environment.kill();
        }
        Ok((number, environment))
    }

    fn release(&self, number: u64, environment: &Environment) {
        let mut state = self.state();
        if environment.alive() {
            state.idle.push(number);
        } else {
            state.live.remove(&number);
        }
    }

    fn close(&self) -> Vec<Arc<Environment>> {
        let mut state = self.state();
        state.closed = true;
        state.idle.clear();
        std::mem::take(&mut state.live).into_values().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
