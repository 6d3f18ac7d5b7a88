//! An event between its handing out and its judgement.

use std::time::{Duration, Instant};

use crate::api::fault::PostFault;
use crate::judge::{Answer, Expected, Reply};
use crate::queue::Ticket;

/// An event that was handed out.
pub(crate) struct AtWork {
    pub(crate) ticket: Ticket,
    pub(crate) expected: Expected,
    pub(crate) given: Instant,
    pub(crate) time: Duration,
    pub(crate) first_byte: Option<Instant>,
    pub(crate) answer: Option<Answer>,
    pub(crate) fault: Option<PostFault>,
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
    /// How it has ended; `words` say why, where no answer has come.
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
