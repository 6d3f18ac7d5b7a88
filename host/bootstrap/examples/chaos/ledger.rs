//! Which events are to come, which are at work, and what became of them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::api::fault::{NextFault, PostFault};
use crate::case::{Class, Kind};
use crate::judge::{Answer, Expected, Reply};
use crate::measure;
use crate::report::Tally;

/// How long after its deadline an event is given up.
const GIVEN_UP: Duration = Duration::from_secs(15);
/// Attacks at work at once, of sixteen events: the others are good requests beside them.
const ATTACKS_AT_ONCE: usize = 8;

/// An event that is to come.
#[derive(Clone, Copy)]
pub(crate) struct Ticket {
    pub(crate) number: usize,
    pub(crate) kind: usize,
    pub(crate) seed: u64,
    pub(crate) next_fault: Option<NextFault>,
    pub(crate) post_fault: Option<PostFault>,
}

pub(crate) struct Ledger {
    pub(crate) kinds: Arc<Vec<Kind>>,
    state: Mutex<State>,
    /// Wakes those that wait for an event.
    more: Notify,
}

#[derive(Default)]
struct State {
    good: VecDeque<Ticket>,
    attacks: VecDeque<Ticket>,
    /// Events with a greater number have to wait.
    until: usize,
    at_work: HashMap<String, AtWork>,
    attacks_at_work: usize,
    settled: HashMap<String, Settled>,
    waiting: usize,
    /// The process whose peak of memory is that of one event at a time.
    watched: Option<u32>,
    last: Option<usize>,
    tally: Tally,
}

/// An event that was handed out.
struct AtWork {
    ticket: Ticket,
    expected: Expected,
    given: Instant,
    time: Duration,
    first_byte: Option<Instant>,
    answer: Option<Answer>,
    fault: Option<PostFault>,
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
    /// There is nothing to answer any more.
    Refuse,
}

impl Ledger {
    pub(crate) fn new(kinds: Arc<Vec<Kind>>, tickets: Vec<Ticket>) -> Self {
        let (attacks, good) = tickets.into_iter().partition(|ticket| kinds[ticket.kind].class == Class::Attack);
        Self { kinds, state: Mutex::new(State { good, attacks, ..State::default() }), more: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Hands out events up to this number.
    pub(crate) fn allow(&self, until: usize) {
        self.state().until = until;
        self.more.notify_waiters();
    }

    /// From now on the peak of this process's memory is asked for after each event.
    pub(crate) fn watch(&self, process: Option<u32>) {
        self.state().watched = process;
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
                state.take_peak(&self.kinds);
                if let Some(ticket) = state.pop(&self.kinds) {
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
        let mut state = self.state();
        if self.kinds[ticket.kind].class == Class::Attack {
            state.attacks_at_work -= 1;
            state.attacks.push_front(ticket);
        } else {
            state.good.push_front(ticket);
        }
        drop(state);
        self.more.notify_one();
    }

    pub(crate) fn hand_out(&self, id: &str, ticket: Ticket, expected: Expected, given: Instant) {
        let time = self.kinds[ticket.kind].time;
        let fault = ticket.post_fault;
        let at_work = AtWork { ticket, expected, given, time, first_byte: None, answer: None, fault };
        self.state().at_work.insert(id.to_owned(), at_work);
    }

    /// The first bytes of a POST for an event have come.
    pub(crate) fn post(&self, id: &str, arrived: Instant) -> Post {
        let mut state = self.state();
        let Some(at_work) = state.at_work.get_mut(id) else {
            let problem = match state.settled.get(id) {
                Some(Settled::Answered) => "a second answer",
                Some(Settled::Refused) => "an answer that was refused for good comes again",
                Some(Settled::Lost) => "an answer more than 15 s after the deadline",
                None => "an answer to an event that never was, or that came in part",
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

    /// An answer was taken, or refused for good.
    pub(crate) fn settle(&self, id: &str, refused: bool) {
        self.finish(id, if refused { Settled::Refused } else { Settled::Answered }, None);
    }

    fn finish(&self, id: &str, how: Settled, words: Option<&str>) {
        let mut state = self.state();
        let Some(at_work) = state.at_work.remove(id) else { return };
        state.settled.insert(id.to_owned(), how);
        let kind = &self.kinds[at_work.ticket.kind];
        if kind.class == Class::Attack {
            state.attacks_at_work -= 1;
        }
        state.last = Some(at_work.ticket.kind);
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
        let may = |queue: &VecDeque<Ticket>| queue.iter().take_while(|ticket| ticket.number < state.until).count();
        state.at_work.len() + may(&state.good) + may(&state.attacks)
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
    /// The next in order, good requests before it where there are attacks enough at work.
    fn pop(&mut self, kinds: &[Kind]) -> Option<Ticket> {
        let number = |queue: &VecDeque<Ticket>| queue.front().map_or(usize::MAX, |ticket| ticket.number);
        let (good, attack) = (number(&self.good), number(&self.attacks));
        let attack = if self.attacks_at_work < ATTACKS_AT_ONCE { attack } else { usize::MAX };
        if good.min(attack) >= self.until {
            return None;
        }
        let ticket = if attack < good { self.attacks.pop_front() } else { self.good.pop_front() }?;
        if kinds[ticket.kind].class == Class::Attack {
            self.attacks_at_work += 1;
        }
        Some(ticket)
    }

    fn take_peak(&mut self, kinds: &[Kind]) {
        if let (Some(process), Some(kind)) = (self.watched, self.last.take()) {
            self.tally.peak(kinds[kind].name, measure::take_peak(process));
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

/// What became of an event.
pub(crate) struct Judged {
    pub(crate) number: usize,
    /// By which answers are counted.
    pub(crate) label: String,
    /// From the event to the first byte of its answer.
    pub(crate) took: Option<Duration>,
    pub(crate) problem: Option<String>,
}

impl AtWork {
    fn judged(&self, words: Option<&str>) -> Judged {
        let took = self.first_byte.map(|first| first.saturating_duration_since(self.given));
        let number = self.ticket.number;
        let Some(answer) = &self.answer else {
            let words = words.unwrap_or("its answer never came whole");
            return Judged { number, label: "none".into(), took, problem: Some(format!("no answer: {words}")) };
        };
        let (label, mut problem) = match Reply::read(answer) {
            Ok(reply) if self.expected.fits(&reply) => (reply.label(), None),
            Ok(reply) => (reply.label(), Some(format!("wrong answer: {}", reply.shown()))),
            Err(reason) => ("unreadable".to_owned(), Some(format!("unreadable answer: {reason}"))),
        };
        if let Some(took) = took
            && took > self.time
        {
            let late = format!("late: {} ms of {}", took.as_millis(), self.time.as_millis());
            problem = Some(problem.map_or(late.clone(), |problem| format!("{late}; {problem}")));
        }
        Judged { number, label, took, problem }
    }
}
