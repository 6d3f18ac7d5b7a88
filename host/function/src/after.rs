//! The work that remains after an answer is sent.

use std::pin::pin;
use std::sync::Arc;

use crate::caught::caught;
use crate::invocation::Invocation;
use crate::observer::{Late, Step};
use crate::report::Report;

/// The work that remains after the answer is sent. Dropping it cancels the work.
#[must_use = "work after the answer is lost unless it is finished"]
pub struct After {
    guest: funcserver_engine::After,
    report: Option<Report>,
    invocation: Arc<Invocation>,
}

impl After {
    pub(crate) fn new(guest: funcserver_engine::After, report: Option<Report>, invocation: &Arc<Invocation>) -> Self {
        Self { guest, report, invocation: invocation.clone() }
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
        Self { report: None, ..self }
    }

    /// Reports the outcome of the event.
    pub fn tell(&self) {
        if let Some(report) = &self.report {
            self.invocation.tell(&Step::Report(report));
        }
    }
}
