//! As many environments as there are requests at once, up to a limit.

use super::{Environment, LineSink, Program};
use crate::{Function, InvocationError};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// Environments of one function. Dropping it kills all their processes, also those that have an event.
pub struct Fleet {
    /// The invocations on their way: dropped with the fleet, and with each its environment.
    running: Mutex<JoinSet<()>>,
    shared: Arc<Shared>,
}

struct Shared {
    function: Function,
    program: Program,
    output: LineSink,
    /// One permit for each environment that may be busy.
    places: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// All environments that live, by number.
    living: BTreeMap<u64, Arc<Environment>>,
    /// Those of them that have no event. The one used last is at the end, and is used again first.
    idle: Vec<u64>,
    started: u64,
    closed: bool,
}

impl Fleet {
    /// A fleet of at most `limit` environments, none of them started yet.
    pub fn new(function: Function, program: Program, limit: usize, output: LineSink) -> Self {
        let places = Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS)));
        let shared = Shared { function, program, output, places, state: Mutex::default() };
        Self { running: Mutex::default(), shared: Arc::new(shared) }
    }

    /// Has an environment answer `event`: an idle one, or else a new one.
    ///
    /// When all are busy, the error's kind is [`Throttled`](crate::InvocationErrorKind::Throttled), at once. An event once taken
    /// is worked on to its end, as in Lambda, even if this future is dropped.
    pub async fn invoke(&self, event: Bytes) -> Result<Bytes, InvocationError> {
        let place = Arc::clone(&self.shared.places).try_acquire_owned().map_err(|_| InvocationError::throttled())?;
        let (sender, answer) = tokio::sync::oneshot::channel();
        let shared = Arc::clone(&self.shared);
        {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            while running.try_join_next().is_some() {}
            running.spawn(async move {
                let answer = shared.work(event, place).await;
                // Nobody may be waiting any more.
                let _ = sender.send(answer);
            });
        }
        answer.await.unwrap_or_else(|_| Err(InvocationError::function("Fleet.Closed", "the fleet has been closed")))
    }

    /// The process ids of the environments that live.
    pub fn process_ids(&self) -> Vec<u32> {
        self.shared.state().living.values().map(|environment| environment.process_id()).collect()
    }

    /// How many environments have been started so far.
    pub fn started(&self) -> u64 {
        self.shared.state().started
    }

    /// Waits for the events on their way, then ends all environments as Lambda does; later events are throttled.
    pub async fn shut_down(&self) {
        self.shut_down_after(Duration::MAX).await;
    }

    /// The same, but breaks off the events that take longer than `patience`. Returns how many those were.
    pub async fn shut_down_after(&self, patience: Duration) -> usize {
        self.shared.places.close();
        let mut running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        let drained = async { while running.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(patience, drained).await;
        let broken_off = running.len();
        drop(running);
        let living = self.shared.close();
        let mut ends = JoinSet::new();
        for environment in living {
            ends.spawn(async move { environment.shut_down().await });
        }
        while ends.join_next().await.is_some() {}
        broken_off
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
    async fn work(&self, event: Bytes, place: OwnedSemaphorePermit) -> Result<Bytes, InvocationError> {
        let (number, environment) = self.environment().await?;
        let answer = environment.invoke(event).await;
        self.give_back(number, &environment);
        drop(place);
        answer
    }

    async fn environment(&self) -> Result<(u64, Arc<Environment>), InvocationError> {
        let number = {
            let mut state = self.state();
            while let Some(number) = state.idle.pop() {
                match state.living.get(&number) {
                    Some(environment) if environment.alive() => return Ok((number, Arc::clone(environment))),
                    _ => state.living.remove(&number),
                };
            }
            state.started += 1;
            state.started
        };
        let environment = Environment::start(&self.function, &self.program, &self.output, number).await?;
        let environment = Arc::new(environment);
        let mut state = self.state();
        if !state.closed {
            state.living.insert(number, Arc::clone(&environment));
        } else {
            environment.kill();
        }
        Ok((number, environment))
    }

    fn give_back(&self, number: u64, environment: &Environment) {
        let mut state = self.state();
        if environment.alive() {
            state.idle.push(number);
        } else {
            state.living.remove(&number);
        }
    }

    fn close(&self) -> Vec<Arc<Environment>> {
        let mut state = self.state();
        state.closed = true;
        state.idle.clear();
        std::mem::take(&mut state.living).into_values().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
