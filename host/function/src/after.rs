//! The work that remains after an answer is sent.

use std::pin::pin;
use std::sync::{Arc, OnceLock};

use crate::caught::caught;
use crate::invocation::Invocation;
use crate::observer::{Late, Step};
use crate::report::Report;
use crate::streamed_reply::StreamedReply;

/// The work that remains after the answer is sent. Dropping it cancels the work.
#[must_use = "work after the answer is lost unless it is finished"]
pub struct After {
    guest: funcserver_engine::After,
    report: Option<Report>,
    /// The report of a streamed reply that failed in the middle.
    stream: Option<Arc<OnceLock<Report>>>,
    invocation: Arc<Invocation>,
}

impl After {
    pub(crate) fn new(guest: funcserver_engine::After, report: Option<Report>, invocation: &Arc<Invocation>) -> Self {
        Self { guest, report, stream: None, invocation: invocation.clone() }
    }

    /// The work after a reply that is streamed.
    pub(crate) fn of_stream(self, reply: &StreamedReply) -> Self {
        Self { stream: Some(reply.failure()), ..self }
    }

    /// Reports the outcome of the event, and does the remaining work until it ends or the deadline passes.
    pub async fn finish(self) {
        self.tell();
        let finished = pin!(self.guest.finish());
        let finished = caught(finished).await;
        let late = match &finished {
            Ok(None) => Late::Well,
            Ok(Some(fault)) => Late::Fault(fault),
            Err(panic) => Late::Panic(panic),
        };
        self.invocation.tell(&Step::After(late));
    }

    /// Only the work, without the report: the watchdog has answered, and reports the outcome itself.
    pub fn without_report(self) -> Self {
        Self { report: None, stream: None, ..self }
    }

    /// Reports the outcome of the event.
    pub fn tell(&self) {
        let stream = self.stream.as_ref().and_then(|failure| failure.get());
        if let Some(report) = self.report.as_ref().or(stream) {
            self.invocation.tell(&Step::Report(report));
        }
    }
}
