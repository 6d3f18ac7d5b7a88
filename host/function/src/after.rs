//! What is left to do once an answer is sent.

use std::pin::pin;
use std::sync::Arc;

use crate::caught::caught;
use crate::invocation::Invocation;
use crate::observer::{Late, Step};
use crate::report::Report;

/// What is left to do once the answer is sent. Dropping it leaves it undone.
#[must_use = "what is left to do is lost unless it is finished"]
pub struct After {
    guest: funcserver_engine::After,
    report: Option<Report>,
    invocation: Arc<Invocation>,
}

impl After {
    pub(crate) fn new(guest: funcserver_engine::After, report: Option<Report>, invocation: &Arc<Invocation>) -> Self {
        Self { guest, report, invocation: invocation.clone() }
    }

    /// Tells what became of the event, and does the work that goes on, until its end or the deadline.
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

    /// Only the work that goes on: somebody else has answered, and tells what became of the event.
    pub fn without_report(self) -> Self {
        Self { report: None, ..self }
    }

    /// Tells what became of the event.
    pub fn tell(&self) {
        if let Some(report) = &self.report {
            self.invocation.tell(&Step::Report(report));
        }
    }
}
