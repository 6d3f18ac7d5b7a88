//! A call as tests make it: it knows the facts that a test gives it, and records what the guest writes.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use funcserver_engine::{Call, Facts, GuestStep, LogMessage, Notice, Stream};

/// Lines and notices in the order of their arrival.
#[derive(Default)]
pub struct Written {
    lines: Mutex<Vec<(Stream, String)>>,
    notices: Mutex<Vec<Notice>>,
    messages: Mutex<Vec<LogMessage<'static>>>,
}

struct TestCall {
    deadline: Instant,
    facts: Facts<'static>,
    lines: Arc<Written>,
}

/// A call with these facts, whose answer is due after `time`, and what its guest writes.
#[must_use]
pub fn call_with(time: Duration, facts: Facts<'static>) -> (Arc<dyn Call>, Arc<Written>) {
    let lines = Arc::new(Written::default());
    (Arc::new(TestCall { deadline: Instant::now() + time, facts, lines: lines.clone() }), lines)
}

#[expect(clippy::unwrap_used)] // A lock is poisoned only by a test that has failed already.
impl Written {
    /// The lines, each with the stream that it was written to.
    pub fn all(&self) -> Vec<(Stream, String)> {
        self.lines.lock().unwrap().clone()
    }

    /// The lines of both streams as one text.
    pub fn text(&self) -> String {
        let lines = self.all().into_iter().map(|(_, line)| line);
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The messages of `wasi:logging`.
    pub fn messages(&self) -> Vec<LogMessage<'static>> {
        self.messages.lock().unwrap().clone()
    }

    /// The notices about outgoing requests.
    pub fn notices(&self) -> Vec<Notice> {
        self.notices.lock().unwrap().clone()
    }
}

#[expect(clippy::unwrap_used)] // As above.
impl Call for TestCall {
    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn facts(&self) -> Facts<'_> {
        self.facts
    }

    fn on(&self, step: GuestStep<'_>) {
        match step {
            GuestStep::Lines(lines) => {
                let written = lines.iter().map(|line| (lines.stream, line.to_owned()));
                self.lines.lines.lock().unwrap().extend(written);
            }
            GuestStep::Message(message) => self.lines.messages.lock().unwrap().push(message.clone().into_owned()),
            GuestStep::Outgoing(notice) => self.lines.notices.lock().unwrap().push(notice.clone()),
            _ => {}
        }
    }
}
