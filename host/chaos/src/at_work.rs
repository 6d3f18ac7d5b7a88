//! An event in progress, from when it is sent until it is judged.

use std::time::{Duration, Instant};

use crate::api::fault::PostFault;
use crate::judge::{Answer, Expected, Reply};
use crate::queue::Ticket;

/// An event that was sent to the runtime.
pub(crate) struct AtWork {
    pub(crate) ticket: Ticket,
    pub(crate) expected: Expected,
    pub(crate) given: Instant,
    pub(crate) time: Duration,
    pub(crate) first_byte: Option<Instant>,
    pub(crate) answer: Option<Answer>,
    pub(crate) fault: Option<PostFault>,
}

/// The outcome of an event.
pub(crate) struct Judged {
    pub(crate) number: usize,
    /// The label under which answers are counted.
    pub(crate) label: String,
    /// The time from the event to the first byte of its answer.
    pub(crate) took: Option<Duration>,
    pub(crate) problem: Option<String>,
}

impl AtWork {
    /// Judges the event. If no answer has arrived, `words` are the reason.
    pub(crate) fn judged(&self, words: Option<&str>) -> Judged {
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
