//! Events in flight: first in the queue, then running in a runtime, then answered.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::{Notify, oneshot, watch};

use crate::{FunctionReply, InvocationError, id};

type Answer = Result<FunctionReply, InvocationError>;

/// All invocations of one Runtime API.
pub(super) struct Invocations {
    state: Arc<Mutex<State>>,
    arrived: Notify,
    polled: watch::Sender<bool>,
    /// The number of runtimes that wait for an event.
    waiting: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<(Delivery, oneshot::Sender<Answer>)>,
    running: HashMap<String, oneshot::Sender<Answer>>,
}

/// The response to a runtime that asks for an event.
pub(super) struct Delivery {
    pub(super) id: String,
    pub(super) event: Bytes,
    /// Milliseconds since 1970.
    pub(super) deadline_ms: u128,
    pub(super) trace_id: String,
}

/// A submitted event whose answer is pending. Dropping it withdraws the event.
pub(super) struct PendingAnswer {
    id: String,
    state: Arc<Mutex<State>>,
    answer: oneshot::Receiver<Answer>,
}

impl Invocations {
    pub(super) fn new() -> Self {
        Self {
            state: Arc::default(),
            arrived: Notify::new(),
            polled: watch::Sender::new(false),
            waiting: watch::Sender::new(0),
        }
    }

    pub(super) fn submit(&self, id: &str, event: Bytes, timeout: Duration) -> PendingAnswer {
        let (sender, answer) = oneshot::channel();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let delivery = Delivery {
            id: id.to_owned(),
            event,
            deadline_ms: now.saturating_add(timeout).as_millis(),
            trace_id: format!("Root={};Parent={:016x};Sampled=0", id::trace_root(), id::random()),
        };
        lock(&self.state).queue.push_back((delivery, sender));
        self.arrived.notify_one();
        PendingAnswer { id: id.to_owned(), state: self.state.clone(), answer }
    }

    /// Waits for an event. Dropping the future while it waits loses no event.
    pub(super) async fn next(&self) -> Delivery {
        self.polled.send_replace(true);
        let _waiting = Waiting::new(&self.waiting);
        loop {
            if let Some(delivery) = self.take() {
                return delivery;
            }
            self.arrived.notified().await;
        }
    }

    fn take(&self) -> Option<Delivery> {
        let mut state = lock(&self.state);
        let (delivery, sender) = state.queue.pop_front()?;
        state.running.insert(delivery.id.clone(), sender);
        if !state.queue.is_empty() {
            // `Notify` stores at most one permit, whatever the number of calls: pass it on to the next poller.
            self.arrived.notify_one();
        }
        Some(delivery)
    }

    /// Delivers the answer to a running event. Returns false if no such event is running.
    pub(super) fn answer(&self, id: &str, answer: Answer) -> bool {
        let sender = lock(&self.state).running.remove(id);
        sender.is_some_and(|sender| sender.send(answer).is_ok())
    }

    pub(super) fn was_polled(&self) -> bool {
        *self.polled.borrow()
    }

    pub(super) async fn polled(&self) {
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = self.polled.subscribe().wait_for(|polled| *polled).await;
    }

    /// Waits until a runtime is waiting for an event.
    pub(super) async fn idle(&self) {
        let _ = self.waiting.subscribe().wait_for(|waiting| *waiting > 0).await;
    }
}

/// Counts a runtime while it waits for an event.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl<'a> Waiting<'a> {
    fn new(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl PendingAnswer {
    /// Waits for the answer.
    pub(super) async fn answer(&mut self) -> Answer {
        match (&mut self.answer).await {
            Ok(answer) => answer,
            Err(_) => Err(InvocationError::exited(&self.id, None)),
        }
    }
}

impl Drop for PendingAnswer {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        state.running.remove(&self.id);
        state.queue.retain(|(delivery, _)| delivery.id != self.id);
    }
}

/// Locks the state. It is consistent after every statement, so a poisoned lock is safe to use.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn every_poller_gets_a_different_event() {
        let invocations = Arc::new(Invocations::new());
        let pollers: Vec<_> = (0..8)
            .map(|_| {
                let invocations = invocations.clone();
                tokio::spawn(async move { invocations.next().await.id })
            })
            .collect();
        tokio::task::yield_now().await;
        let pending: Vec<_> = (0..8).map(|n| invocations.submit(&n.to_string(), Bytes::new(), TIMEOUT)).collect();
        let mut seen = Vec::new();
        for poller in pollers {
            seen.push(tokio::time::timeout(TIMEOUT, poller).await.unwrap().unwrap());
        }
        seen.sort();
        assert_eq!(seen, pending.iter().map(|answer| answer.id.clone()).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_poller_that_disconnects_loses_no_event() {
        let invocations = Invocations::new();
        let gone = tokio::time::timeout(Duration::from_millis(10), invocations.next()).await;
        assert!(gone.is_err());
        let _pending = invocations.submit("1", Bytes::new(), TIMEOUT);
        assert_eq!(invocations.next().await.id, "1");
    }

    #[tokio::test]
    async fn a_runtime_is_idle_while_it_waits_for_an_event() {
        let invocations = Arc::new(Invocations::new());
        let idle = |limit| tokio::time::timeout(limit, invocations.idle());
        assert!(idle(Duration::from_millis(10)).await.is_err());
        let poller = tokio::spawn({
            let invocations = invocations.clone();
            async move { invocations.next().await.id }
        });
        idle(TIMEOUT).await.unwrap();
        let _pending = invocations.submit("1", Bytes::new(), TIMEOUT);
        assert_eq!(poller.await.unwrap(), "1");
        assert!(idle(Duration::from_millis(10)).await.is_err());
    }

    #[tokio::test]
    async fn dropping_a_pending_answer_withdraws_its_event() {
        let invocations = Invocations::new();
        drop(invocations.submit("1", Bytes::new(), TIMEOUT));
        let second = invocations.submit("2", Bytes::new(), TIMEOUT);
        assert_eq!(invocations.next().await.id, "2");
        drop(second);
        assert!(!invocations.answer("2", Ok(Bytes::new().into())));
    }
}
