//! The access log: a line on stderr for each request.

use std::collections::VecDeque;
use std::fmt::{self, Display, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use funcserver_engine::GuestStep;
use funcserver_function::{Invocation, Observer, Step};
use funcserver_local::balancer::Record;

use crate::output::{self, printable};

/// Writes the line of each request. Clones share what they know. It observes the invocations to know where their time went;
/// the requests to a custom runtime have none here.
#[derive(Clone, Default)]
pub(crate) struct AccessLogWriter(Arc<Mutex<VecDeque<(String, Times)>>>);

/// How many invocations are remembered: more than are open at once. A health check has no line that would end it.
const MOST: usize = 1024;

/// When an invocation came to its steps.
#[derive(Clone, Copy, Default)]
struct Times {
    decoded: Option<Instant>,
    answered: Option<Instant>,
    /// Where the time went, once the reply is written.
    spent: Option<Spent>,
}

#[derive(Clone, Copy)]
struct Spent {
    /// From the event to the request.
    decode: Duration,
    /// From the request to the response.
    guest: Duration,
    /// From the response to the reply.
    encode: Duration,
}

impl AccessLogWriter {
    /// Writes the line of one request.
    pub(crate) fn tell(&self, record: &Record) {
        let times = self.take(&record.id);
        output::note(line(record, times.and_then(|times| times.spent)));
    }

    fn take(&self, id: &str) -> Option<Times> {
        let mut all = self.all();
        let at = all.iter().rposition(|(known, _)| known == id)?;
        all.remove(at).map(|(_, times)| times)
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Times)) {
        if let Some((_, times)) = self.all().iter_mut().rfind(|(known, _)| known == id) {
            change(times);
        }
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<(String, Times)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for AccessLogWriter {
    fn on(&self, invocation: &Invocation, step: &Step<'_>) {
        let now = Instant::now();
        match step {
            Step::Decoded => {
                let mut all = self.all();
                if all.len() >= MOST {
                    all.pop_front();
                }
                all.push_back((invocation.id().to_owned(), Times { decoded: Some(now), ..Times::default() }));
            }
            Step::Guest(GuestStep::Body(_)) => self.change(invocation.id(), |times| times.answered = Some(now)),
            Step::Encoded(_) => self.change(invocation.id(), |times| {
                if let Some((decoded, answered)) = times.decoded.zip(times.answered) {
                    let decode = decoded.duration_since(invocation.arrived());
                    times.spent = Some(Spent { decode, guest: answered - decoded, encode: now - answered });
                }
            }),
            _ => {}
        }
    }
}

fn line(record: &Record, spent: Option<Spent>) -> String {
    let mut line = format!("{} {} {}", printable(&record.method), printable(&record.target), record.status);
    // Writing to a string does not fail.
    match spent {
        Some(Spent { decode, guest, encode }) => {
            _ = write!(line, " decode {} guest {} encode {}", Time(decode), Time(guest), Time(encode));
        }
        None => _ = write!(line, " in {}", Time(record.duration)),
    }
    let reason = record.reason.into_iter().map(str::to_owned);
    for text in reason.chain(record.detail.as_deref().map(printable)) {
        _ = write!(line, " {text}");
    }
    line
}

/// A time in milliseconds.
pub(super) struct Time(pub(super) Duration);

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ms", self.0.as_secs_f64() * 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            id: "id-1".into(),
            client: ([127, 0, 0, 1], 40000).into(),
            method: "GET".into(),
            target: "/products?a=1".into(),
            status: 200,
            reason: None,
            detail: None,
            duration: Duration::from_micros(900),
        }
    }

    #[test]
    fn a_request_is_one_line_with_its_times() {
        let spent = Spent {
            decode: Duration::from_micros(50),
            guest: Duration::from_micros(612),
            encode: Duration::from_micros(21),
        };
        assert_eq!(line(&record(), Some(spent)), "GET /products?a=1 200 decode 0.05 ms guest 0.61 ms encode 0.02 ms");
    }

    #[test]
    fn a_refused_request_has_its_reason() {
        let (reason, detail) = (Some("LambdaInvalidResponse"), Some("no\u{1b}[2J JSON".to_owned()));
        let record = Record { status: 502, reason, detail, ..record() };
        assert_eq!(line(&record, None), "GET /products?a=1 502 in 0.90 ms LambdaInvalidResponse no JSON");
    }
}
