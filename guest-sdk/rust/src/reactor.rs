//! Waits for the host's events and for tokio's timers at the same time.
//!
//! tokio sleeps until its next timer if no task can run. It knows nothing of the host's events, and does not tell when
//! the timer is due. So [`park`], which tokio calls before it sleeps, waits for the events in short slices, after each of
//! which tokio looks at its timers. If no event is awaited, tokio sleeps itself, to the timer's very time.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::io::poll::{Pollable, poll};

/// The shortest slice, in ns: tokio's timers are as exact.
const SHORTEST: u64 = 1_000_000;
/// The longest slice, in ns: as late a timer may be.
const LONGEST: u64 = 8_000_000;

static REACTOR: Mutex<Reactor> = Mutex::new(Reactor { next: 0, waits: BTreeMap::new(), root: None, in_vain: 0 });

struct Reactor {
    next: u64,
    waits: BTreeMap<u64, Wait>,
    /// Wakes the future on which the runtime blocks.
    root: Option<Waker>,
    /// How many slices in a row had no event.
    in_vain: u64,
}

struct Wait {
    pollable: Pollable,
    ready: bool,
    waker: Waker,
}

impl Reactor {
    /// Waits until an event happens, or for the slice. Returns whom to wake.
    fn wait(&mut self) -> Vec<Waker> {
        let slice = subscribe_duration((SHORTEST + self.in_vain * SHORTEST / 8).min(LONGEST));
        let waits: Vec<_> = self.waits.iter_mut().map(|(_, wait)| wait).filter(|wait| !wait.ready).collect();
        let pollables: Vec<_> = waits.iter().map(|wait| &wait.pollable).chain([&slice]).collect();
        let ready = poll(&pollables);
        let mut wakers = Vec::with_capacity(ready.len() + 1);
        for (index, wait) in waits.into_iter().enumerate() {
            if ready.iter().any(|ready| usize::try_from(*ready) == Ok(index)) {
                wait.ready = true;
                wakers.push(wait.waker.clone());
            }
        }
        self.in_vain = if wakers.is_empty() { self.in_vain + 1 } else { 0 };
        wakers.extend(self.root.clone());
        wakers
    }
}

fn reactor() -> MutexGuard<'static, Reactor> {
    REACTOR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// tokio calls it when no task can run. The future on which it blocks has to be woken, or it would go to sleep.
pub(crate) fn park() {
    let mut reactor = reactor();
    if reactor.waits.is_empty() {
        reactor.in_vain = 0;
        return;
    }
    let wakers = reactor.wait();
    // Whoever is woken may use the reactor.
    drop(reactor);
    wakers.into_iter().for_each(Waker::wake);
}

/// `waker` is that of the future on which the runtime blocks.
pub(crate) fn set_root(waker: &Waker) {
    let mut reactor = reactor();
    match &mut reactor.root {
        Some(root) => root.clone_from(waker),
        root => *root = Some(waker.clone()),
    }
}

/// Is done when the host says so. The pollable is dropped with it, as it must be dropped before what it came from.
pub(crate) struct Ready {
    state: State,
}

enum State {
    New(Option<Pollable>),
    Waits(u64),
}

impl Ready {
    pub(crate) fn new(pollable: Pollable) -> Ready {
        Ready { state: State::New(Some(pollable)) }
    }
}

impl Future for Ready {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut reactor = reactor();
        match &mut self.state {
            State::New(pollable) => {
                let Some(pollable) = pollable.take().filter(|pollable| !pollable.ready()) else {
                    return Poll::Ready(());
                };
                let id = reactor.next;
                reactor.next += 1;
                reactor.waits.insert(id, Wait { pollable, ready: false, waker: context.waker().clone() });
                self.state = State::Waits(id);
                Poll::Pending
            }
            State::Waits(id) => {
                let Some(wait) = reactor.waits.get_mut(id) else { return Poll::Ready(()) };
                if wait.ready {
                    return Poll::Ready(());
                }
                wait.waker.clone_from(context.waker());
                Poll::Pending
            }
        }
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        if let State::Waits(id) = self.state {
            let wait = reactor().waits.remove(&id);
            drop(wait);
        }
    }
}
