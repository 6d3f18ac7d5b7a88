//! The events to send, the events in progress, and the outcome of each.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::api::fault::PostFault;
use crate::at_work::AtWork;
use crate::case::Kind;
use crate::judge::{Answer, Expected, Reply};
use crate::measure;
use crate::queue::{Queue, Ticket};
use crate::report::Tally;

/// How long after its deadline an event is given up.
const GIVEN_UP: Duration = Duration::from_secs(15);
/// How many of the latest answers a report names.
const RECENT: usize = 4;
/// The rise of the resident memory for which an event is reported, in KiB.
const RISE: u64 = 2 * 1024;

pub(crate) struct Ledger {
    pub(crate) kinds: Arc<Vec<Kind>>,
    state: Mutex<State>,
    /// Wakes the workers that wait for an event.
    more: Notify,
}

#[derive(Default)]
struct State {
    queue: Queue,
    at_work: HashMap<String, AtWork>,
    settled: HashMap<String, Settled>,
    /// Events that were sent in part: they may be answered with an error, once.
    parts: HashSet<String>,
    waiting: usize,
    watched: Option<Watched>,
    last: Option<usize>,
    /// The latest answers.
    recent: VecDeque<String>,
    tally: Tally,
}

/// The process whose peak memory is measured for each event.
struct Watched {
    process: u32,
    /// The function's memory, in KiB.
    memory: u64,
    /// The resident memory before the event.
    before: u64,
    /// The highest resident memory between two events.
    highest: u64,
}

#[derive(Clone, Copy)]
enum Settled {
    Answered,
    /// Its answer was rejected finally.
    Refused,
    Lost,
}

/// The reaction of the Runtime API to a POST for an event.
pub(crate) enum Post {
    /// Accept it, or react with this fault.
    Take(Option<PostFault>),
    /// Accept it if it is an error.
    TakeError,
    /// No answer is expected any more.
    Refuse,
}

impl Ledger {
    pub(crate) fn new(kinds: Arc<Vec<Kind>>, tickets: Vec<Ticket>) -> Self {
        let queue = Queue::of(tickets);
        Self { kinds, state: Mutex::new(State { queue, ..State::default() }), more: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Allows events up to this number.
    pub(crate) fn allow(&self, until: usize) {
        self.state().queue.allow(until);
        self.more.notify_waiters();
    }

    /// Starts to check after each event that the peak memory of this process is not more than `memory`.
    pub(crate) fn watch(&self, process: u32, memory: u64) {
        let before = measure::take_peak(process);
        self.state().watched = Some(Watched { process, memory, before, highest: before });
    }

    /// Stops checking until the next call of [`Ledger::watch`].
    pub(crate) fn look_away(&self) {
        self.state().watched = None;
    }

    /// Measures the memory that the process used for something other than an event.
    pub(crate) fn weigh(&self, what: &'static str) {
        self.state().weigh(what);
    }

    /// Waits for the next event.
    pub(crate) async fn take(&self) -> Ticket {
        let mut counted = Waiting { ledger: self, counted: false };
        loop {
            let more = self.more.notified();
            tokio::pin!(more);
            more.as_mut().enable();
            {
                let mut state = self.state();
                if let Some(kind) = state.last.take() {
                    state.weigh(self.kinds[kind].name);
                }
                if let Some(ticket) = state.queue.pop() {
                    return ticket;
                }
                if !counted.counted {
                    state.waiting += 1;
                    counted.counted = true;
                }
            }
            more.await;
        }
    }

    /// Sends an event again that did not reach the runtime.
    pub(crate) fn again(&self, ticket: Ticket) {
        self.state().queue.push_back(ticket);
        self.more.notify_one();
    }

    pub(crate) fn hand_out(&self, id: &str, ticket: Ticket, expected: Expected, given: Instant) {
        let time = self.kinds[ticket.kind].time;
        let fault = ticket.post_fault;
        let at_work = AtWork { ticket, expected, given, time, first_byte: None, answer: None, fault };
        self.state().at_work.insert(id.to_owned(), at_work);
    }

    /// Records an event that is sent only in part.
    pub(crate) fn hand_out_part(&self, id: &str) {
        self.state().parts.insert(id.to_owned());
    }

    /// Records the first bytes of a POST for an event.
    pub(crate) fn post(&self, id: &str, arrived: Instant) -> Post {
        let mut state = self.state();
        if state.parts.remove(id) {
            state.settled.insert(id.to_owned(), Settled::Answered);
            return Post::TakeError;
        }
        let Some(at_work) = state.at_work.get_mut(id) else {
            let problem = match state.settled.get(id) {
                Some(Settled::Answered) => "a second answer",
                Some(Settled::Refused) => "an answer that was refused for good comes again",
                Some(Settled::Lost) => "an answer more than 15 s after the deadline",
                None => "an answer to an event that never was",
            };
            state.tally.problem(id, problem);
            return Post::Refuse;
        };
        at_work.first_byte.get_or_insert(arrived);
        Post::Take(at_work.fault.take())
    }

    /// Records an answer that arrived whole. It may arrive again if the runtime cannot know that.
    pub(crate) fn seen(&self, id: &str, answer: Answer) {
        let mut state = self.state();
        let Some(at_work) = state.at_work.get_mut(id) else { return };
        let differs = at_work.answer.as_ref().is_some_and(|before| *before != answer);
        at_work.answer.get_or_insert(answer);
        if differs {
            let name = self.kinds[at_work.ticket.kind].name;
            state.tally.problem(name, "a repeated answer differs from the first");
        }
    }

    /// Records the answer to an event that was sent in part.
    pub(crate) fn seen_of_part(&self, answer: &Answer) {
        let expected = Expected::Error("Funcserver.NotRead");
        let fits = Reply::read(answer).is_ok_and(|reply| expected.fits(&reply));
        if !fits {
            self.state()
                .tally
                .problem("an event that came in part", "its answer is not that for an event that cannot be read");
        }
    }

    /// Records that an answer was accepted, or rejected finally.
    pub(crate) fn settle(&self, id: &str, refused: bool) {
        self.finish(id, if refused { Settled::Refused } else { Settled::Answered }, None);
    }

    fn finish(&self, id: &str, how: Settled, words: Option<&str>) {
        let mut state = self.state();
        let Some(at_work) = state.at_work.remove(id) else { return };
        state.settled.insert(id.to_owned(), how);
        let kind = &self.kinds[at_work.ticket.kind];
        state.queue.done(&at_work.ticket);
        state.last = Some(at_work.ticket.kind);
        state.recent.push_back(format!("{} ({id})", kind.name));
        if state.recent.len() > RECENT {
            state.recent.pop_front();
        }
        state.tally.count(kind, &at_work.judged(words));
        drop(state);
        self.more.notify_one();
    }

    /// Gives up events that were not answered long after their deadline. If the process has ended, gives up all.
    pub(crate) fn give_up(&self, words: Option<&str>) {
        let state = self.state();
        let overdue = |at_work: &AtWork| words.is_some() || at_work.given.elapsed() > at_work.time + GIVEN_UP;
        let ids: Vec<_> =
            state.at_work.iter().filter(|(_, at_work)| overdue(at_work)).map(|(id, _)| id.clone()).collect();
        drop(state);
        for id in ids {
            self.finish(&id, Settled::Lost, Some(words.unwrap_or("no answer")));
        }
    }

    /// The number of events in progress or allowed.
    pub(crate) fn open(&self) -> usize {
        let state = self.state();
        state.at_work.len() + state.queue.open()
    }

    /// The events in progress and the latest answers, for a report.
    pub(crate) fn surroundings(&self) -> String {
        let state = self.state();
        let at_work =
            state.at_work.iter().map(|(id, at_work)| format!("{} ({id})", self.kinds[at_work.ticket.kind].name));
        let recent: Vec<_> = state.recent.iter().map(String::as_str).collect();
        format!("at work: {}; answered last: {}", at_work.collect::<Vec<_>>().join(", "), recent.join(", "))
    }

    pub(crate) fn at_work(&self) -> usize {
        self.state().at_work.len()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.state().waiting
    }

    pub(crate) fn answered(&self) -> usize {
        self.state().settled.len()
    }

    pub(crate) fn take_tally(&self) -> Tally {
        std::mem::take(&mut self.state().tally)
    }

    pub(crate) fn count_fault(&self, fault: &'static str) {
        self.state().tally.fault(fault);
    }
}

impl State {
    fn weigh(&mut self, what: &'static str) {
        let Some(Watched { process, memory, before, highest }) = &mut self.watched else { return };
        let (peak, now) = (measure::take_peak(*process), measure::resident(*process));
        // A lasting rise is reported once, for the event that caused it.
        let is_over = peak > *memory && *before <= *memory;
        *before = now;
        if now > *highest + RISE {
            eprintln!("    {what}: {} MB stay resident, where {} MB were", now / 1024, *highest / 1024);
            *highest = now;
        }
        let memory = *memory;
        self.tally.peak(what, peak);
        if is_over {
            let problem = format!("memory: {} MB in a function of {} MB", peak / 1024, memory / 1024);
            self.tally.problem(what, &problem);
        }
    }
}

/// Counts a waiting worker until this is dropped.
struct Waiting<'a> {
    ledger: &'a Ledger,
    counted: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.counted {
            self.ledger.state().waiting -= 1;
        }
    }
}
