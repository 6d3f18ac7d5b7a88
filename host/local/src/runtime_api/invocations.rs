//! The events on their way: first in the queue, then with a runtime, then answered.

use crate::{InvocationError, id};
use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{Notify, oneshot, watch};

type Answer = Result<Bytes, InvocationError>;

/// All invocations of one Runtime API.
pub(super) struct Invocations {
    state: Arc<Mutex<State>>,
    arrived: Notify,
    polled: watch::Sender<bool>,
    /// How many runtimes wait for an event.
    waiting: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<(Delivery, oneshot::Sender<Answer>)>,
    running: HashMap<String, oneshot::Sender<Answer>>,
}

/// What a runtime is told about an event.
pub(super) struct Delivery {
    pub(super) id: String,
    pub(super) event: Bytes,
    /// Milliseconds since 1970.
    pub(super) deadline_ms: u128,
    pub(super) trace_id: String,
}

/// The claim to an answer. Dropped, it takes the event back.
pub(super) struct Ticket {
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

    pub(super) fn submit(&self, id: &str, event: Bytes, timeout: Duration) -> Ticket {
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
        Ticket { id: id.to_owned(), state: Arc::clone(&self.state), answer }
    }

    /// Waits for an event. Dropped while it waits, it has taken none.
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
            // A single permit is kept however often it was given: hand it on to the next poller.
            self.arrived.notify_one();
        }
        Some(delivery)
    }

    /// Hands over the answer to an event that a runtime has. False: there is no such event.
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

    /// Waits until a runtime waits for an event.
    pub(super) async fn idle(&self) {
        let _ = self.waiting.subscribe().wait_for(|waiting| *waiting > 0).await;
    }
}

/// Counts a runtime while it waits.
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

impl Ticket {
    /// Waits for the answer.
    pub(super) async fn answer(&mut self) -> Answer {
        match (&mut self.answer).await {
            Ok(answer) => answer,
            Err(_) => Err(InvocationError::exited(&self.id, None)),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        state.running.remove(&self.id);
        state.queue.retain(|(delivery, _)| delivery.id != self.id);
    }
}

/// The state is whole after every statement, so a panic elsewhere does not spoil it.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn every_poller_gets_another_event() {
        let invocations = Arc::new(Invocations::new());
        let pollers: Vec<_> = (0..8)
            .map(|_| {
                let invocations = Arc::clone(&invocations);
                tokio::spawn(async move { invocations.next().await.id })
            })
            .collect();
        tokio::task::yield_now().await;
        let tickets: Vec<_> = (0..8).map(|n| invocations.submit(&n.to_string(), Bytes::new(), TIMEOUT)).collect();
        let mut seen = Vec::new();
        for poller in pollers {
            seen.push(tokio::time::timeout(TIMEOUT, poller).await.unwrap().unwrap());
        }
        seen.sort();
        assert_eq!(seen, tickets.iter().map(|ticket| ticket.id.clone()).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_poller_that_hangs_up_takes_no_event_along() {
        let invocations = Invocations::new();
        let gone = tokio::time::timeout(Duration::from_millis(10), invocations.next()).await;
        assert!(gone.is_err());
        let _ticket = invocations.submit("1", Bytes::new(), TIMEOUT);
        assert_eq!(invocations.next().await.id, "1");
    }

    #[tokio::test]
    async fn idle_is_who_waits_for_an_event() {
        let invocations = Arc::new(Invocations::new());
        let idle = |limit| tokio::time::timeout(limit, invocations.idle());
        assert!(idle(Duration::from_millis(10)).await.is_err());
        let poller = tokio::spawn({
            let invocations = Arc::clone(&invocations);
            async move { invocations.next().await.id }
        });
        idle(TIMEOUT).await.unwrap();
        let _ticket = invocations.submit("1", Bytes::new(), TIMEOUT);
        assert_eq!(poller.await.unwrap(), "1");
        assert!(idle(Duration::from_millis(10)).await.is_err());
    }

    #[tokio::test]
    async fn a_dropped_ticket_takes_its_event_back() {
        let invocations = Invocations::new();
        drop(invocations.submit("1", Bytes::new(), TIMEOUT));
        let second = invocations.submit("2", Bytes::new(), TIMEOUT);
        assert_eq!(invocations.next().await.id, "2");
        drop(second);
        assert!(!invocations.answer("2", Ok(Bytes::new())));
    }
}
