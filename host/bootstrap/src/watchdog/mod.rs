//! The watchdog: it answers overdue events even if a handler keeps its thread busy.
//!
//! It runs on a thread of its own, which sleeps until an open invocation is overdue. As long as none is overdue, an
//! invocation only costs it an entry in a list. It claims an overdue invocation and answers it with the deadline fault,
//! over a connection of its own. The worker that was handling the event may return until Lambda's own deadline; it then
//! goes on with the next event. If it does not return, the process ends as soon as all other events are answered. So it
//! does if a thread is blocked while a worker streams its answer, which the watchdog cannot claim any more.
//!
//! A blocked thread of the runtime may be the one that drives I/O and timers, and the other threads do not notice. If
//! several events are answered at once, the watchdog therefore wakes the runtime periodically while events are open.

mod nudge;
mod state;

use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use http::Uri;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::runtime_api::RuntimeApiClient;
use funcserver_function::log::{Log, Value};
use funcserver_function::{Claim, Host, Invocation, Step};
use nudge::Nudge;
use state::State;

/// The interval at which the runtime is woken.
const NUDGE: Duration = Duration::from_millis(50);
/// The time for writing the last lines of the log, which may itself be blocked.
const LAST_LINES: Duration = Duration::from_millis(200);
/// The exit code of a process that ends because a thread did not return.
const STUCK: i32 = 1;

/// Watches open invocations. Clones share their state.
#[derive(Clone)]
pub(crate) struct Watchdog(Arc<Shared>);

struct Shared {
    host: Host,
    runtime_api: Uri,
    log: Log,
    /// Tells the workers to take no more events.
    stop: watch::Sender<bool>,
    /// The runtime to wake, if several events are answered at once.
    runtime: Option<Nudge>,
    state: Mutex<State>,
    changed: Condvar,
}

/// Watches an invocation until this is dropped.
pub(crate) struct Watched<'a> {
    watchdog: &'a Watchdog,
    invocation: &'a Arc<Invocation>,
}

impl Watchdog {
    /// A watchdog that answers as `host` would and stops the workers through `stop`. Call it on the runtime that
    /// answers events. `several` says whether it answers several at once.
    pub(crate) fn new(host: Host, runtime_api: &Uri, log: Log, stop: watch::Sender<bool>, several: bool) -> Self {
        let runtime = several.then(Nudge::here);
        let (state, changed) = (Mutex::default(), Condvar::new());
        Self(Arc::new(Shared { host, runtime_api: runtime_api.clone(), log, stop, runtime, state, changed }))
    }

    /// Watches an invocation until the result is dropped, which is when the worker has finished it.
    pub(crate) fn watch<'a>(&'a self, invocation: &'a Arc<Invocation>) -> Watched<'a> {
        let mut state = self.0.state();
        state.add(invocation.clone());
        if !state.runs {
            state.runs = self.start();
        } else if state.looks.is_none_or(|looks| invocation.overdue() < looks) {
            self.0.changed.notify_one();
        }
        Watched { watchdog: self, invocation }
    }

    /// The process is told to end: every event that has no answer at `at` is answered then.
    pub(crate) fn last_call(&self, at: Instant) {
        self.0.state().last_call = Some(at);
        self.0.changed.notify_one();
    }

    /// Waits until the watchdog has claimed, answered and logged all open invocations.
    pub(crate) async fn settled(&self) {
        while !self.0.state().is_settled() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Starts the thread. If that fails, answers can be late, and the next event tries again.
    fn start(&self) -> bool {
        let shared = self.0.clone();
        let started = thread::Builder::new().name("watchdog".to_owned()).spawn(move || shared.run());
        if let Err(error) = &started {
            self.0.log.host().error("the watchdog cannot start", &[("error", Value::Shown(error))]);
        }
        started.is_ok()
    }
}

impl Watched<'_> {
    /// The worker has claimed the answer, and sends it while the handler runs. If that blocks the thread beyond Lambda's
    /// deadline, the process ends, so that Lambda sees an answer that is cut off.
    pub(crate) fn streams(&self) {
        self.watchdog.0.state().streams(self.invocation);
        self.watchdog.0.changed.notify_one();
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        let mut state = self.watchdog.0.state();
        state.remove(self.invocation);
        if state.stuck.is_some() {
            self.watchdog.0.changed.notify_one();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(self: Arc<Self>) {
        let mut sender = None;
        let mut state = self.state();
        loop {
            let now = Instant::now();
            let overdue = state.overdue(now);
            if !overdue.is_empty() {
                drop(state);
                self.answer(overdue, &mut sender);
                state = self.state();
                continue;
            }
            state.find_stuck(now);
            if let Some(stuck) = state.stuck.clone() {
                let _ = self.stop.send(true);
                if !state.waits_for_others(now) {
                    drop(state);
                    self.end(&stuck);
                }
            }
            let looks = self.nudge(now, &state).into_iter().chain(state.next(now)).min();
            state.looks = looks;
            state = match looks {
                Some(looks) => {
                    let wait = self.changed.wait_timeout(state, looks.saturating_duration_since(now));
                    wait.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Wakes the runtime if an event is open, and returns the next time for it. The thread also wakes up while none is
    /// open: otherwise each event would have to notify it.
    fn nudge(&self, now: Instant, state: &State) -> Option<Instant> {
        let nudge = self.runtime.as_ref()?;
        if !state.open.is_empty() {
            nudge.wake();
        }
        Some(now + NUDGE)
    }

    /// Sends the answers of overdue invocations, all at the same time.
    fn answer(self: &Arc<Self>, overdue: Vec<(Arc<Invocation>, Claim)>, sender: &mut Option<Runtime>) {
        let sender = match sender {
            Some(sender) => sender,
            // One worker is a thread of its own, so the watchdog's thread does not have to drive the runtime.
            None => match Builder::new_multi_thread().worker_threads(1).enable_all().build() {
                Ok(runtime) => sender.insert(runtime),
                Err(error) => return self.cannot_send(&overdue, &error),
            },
        };
        for (invocation, claim) in overdue {
            sender.spawn(self.clone().send(invocation, claim));
        }
    }

    fn cannot_send(&self, overdue: &[(Arc<Invocation>, Claim)], error: &std::io::Error) {
        self.state().sending -= overdue.len();
        for (invocation, _) in overdue {
            self.log.at(invocation.id()).error("the answer is lost", &[("error", Value::Shown(error))]);
        }
    }

    async fn send(self: Arc<Self>, invocation: Arc<Invocation>, claim: Claim) {
        let (outcome, after) = self.host.overdue(&invocation);
        let sent = RuntimeApiClient::new(&self.runtime_api).answer(claim, &invocation, outcome).await;
        let mut state = self.state();
        state.sending -= 1;
        state.telling += 1;
        drop(state);
        self.changed.notify_one();
        // The reader of the log may be slow. The other answers do not wait for it.
        tokio::task::spawn_blocking(move || {
            if sent.is_ok() {
                invocation.tell(&Step::Sent);
            }
            after.tell();
            if let Err(error) = sent {
                lost(&self.log, &invocation, &error);
            }
            self.state().telling -= 1;
            self.changed.notify_one();
        });
    }

    /// Ends the process. The reason is logged unless the log is blocked.
    fn end(&self, stuck: &Invocation) -> ! {
        let until = Instant::now() + LAST_LINES;
        let mut state = self.state();
        while state.telling > 0 && Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        let (told, is_told) = mpsc::channel();
        let (log, id) = (self.log.clone(), stuck.id().to_owned());
        let teller = thread::Builder::new().spawn(move || {
            log.at(&id).fatal("the handler has kept its thread beyond Lambda's deadline; the process ends", &[]);
            let _ = told.send(());
        });
        if teller.is_ok() {
            let _ = is_told.recv_timeout(LAST_LINES);
        }
        process::exit(STUCK);
    }
}

/// Logs a lost answer. It must not end the process, which would also lose the next invocations.
pub(crate) fn lost(log: &Log, invocation: &Invocation, error: &anyhow::Error) {
    log.at(invocation.id()).error("the answer is lost", &[("error", Value::Shown(&format_args!("{error:#}")))]);
}
