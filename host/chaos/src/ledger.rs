//! Which events are to come, which are at work, and what became of them.

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
/// How many of those that were answered last are named in a report.
const RECENT: usize = 4;
/// What an event must add to the resident memory to be named, in KiB.
const RISE: u64 = 2 * 1024;

pub(crate) struct Ledger {
    pub(crate) kinds: Arc<Vec<Kind>>,
    state: Mutex<State>,
    /// Wakes those that wait for an event.
    more: Notify,
}

#[derive(Default)]
struct State {
    queue: Queue,
    at_work: HashMap<String, AtWork>,
    settled: HashMap<String, Settled>,
    /// Events that came in part: they may be answered with an error, once.
    parts: HashSet<String>,
    waiting: usize,
    watched: Option<Watched>,
    last: Option<usize>,
    /// What was answered last.
    recent: VecDeque<String>,
    tally: Tally,
}

/// The process whose peak of memory is that of one event at a time.
struct Watched {
    process: u32,
    /// The function's memory, in KiB.
    memory: u64,
    /// What was resident before the event.
    before: u64,
    /// The most that was resident between two events.
    highest: u64,
}

#[derive(Clone, Copy)]
enum Settled {
    Answered,
    /// Its answer was refused for good.
    Refused,
    Lost,
}

/// What the Runtime API is to do with a POST for an event.
pub(crate) enum Post {
    /// Take it, or do this with it.
    Take(Option<PostFault>),
    /// Take it, if it is an error.
    TakeError,
    /// There is nothing to answer any more.
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

    /// Hands out events up to this number.
    pub(crate) fn allow(&self, until: usize) {
        self.state().queue.allow(until);
        self.more.notify_waiters();
    }

    /// From now on the peak of this process's memory is asked for after each event, and is to be no more than that.
    pub(crate) fn watch(&self, process: u32, memory: u64) {
        let before = measure::take_peak(process);
        self.state().watched = Some(Watched { process, memory, before, highest: before });
    }

    /// Until it is to be watched again.
    pub(crate) fn look_away(&self) {
        self.state().watched = None;
    }

    /// What the process took of something that is no event.
    pub(crate) fn weigh(&self, what: &'static str) {
        self.state().weigh(what);
    }

    /// The next event, once there is one.
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

    /// An event that did not reach the runtime comes again.
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

    /// An event goes out of which a part alone will come.
    pub(crate) fn hand_out_part(&self, id: &str) {
        self.state().parts.insert(id.to_owned());
    }

    /// The first bytes of a POST for an event have come.
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

    /// An answer has come whole. It may come again, if the runtime cannot know that.
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

    /// The answer to an event that came in part.
    pub(crate) fn seen_of_part(&self, answer: &Answer) {
        let expected = Expected::Error("Funcserver.NotRead");
        let fits = Reply::read(answer).is_ok_and(|reply| expected.fits(&reply));
        if !fits {
            self.state()
                .tally
                .problem("an event that came in part", "its answer is none of an event that cannot be read");
        }
    }

    /// An answer was taken, or refused for good.
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

    /// Gives up what was not answered long after its deadline, or, if the process has ended, all.
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

    /// Events that are at work, and those that may be handed out.
    pub(crate) fn open(&self) -> usize {
        let state = self.state();
        state.at_work.len() + state.queue.open()
    }

    /// What is at work, and what was answered last, for a report.
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
        // What stays is told once, of what has brought it.
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

/// Counts one that waits, for as long as it is there.
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
