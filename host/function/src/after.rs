//! What is left to do once an answer is sent.

use std::pin::pin;

use crate::caught::caught;
use crate::metrics::Metrics;
use crate::report::Report;
use crate::request_log::RequestLog;

/// What is left to do once the answer is sent. Dropping it leaves it undone.
#[must_use = "what is left to do is lost unless it is finished"]
pub struct After {
    guest: funcserver_engine::After,
    report: Option<Report>,
    log: RequestLog,
    metrics: Metrics,
}

impl After {
    pub(crate) fn new(
        guest: funcserver_engine::After,
        report: Option<Report>,
        log: RequestLog,
        metrics: Metrics,
    ) -> Self {
        Self { guest, report, log, metrics }
    }

    /// Says in the log what became of the event, and does the work that goes on, until its end or the deadline; what goes
    /// wrong in it is logged.
    pub async fn finish(self) {
        self.tell();
        let finished = pin!(self.guest.finish());
        match caught(finished).await {
            Ok(None) => {}
            Ok(Some(fault)) => self.log.failed_after(&fault),
            Err(panic) => {
                panic.log(self.log.scope(), "the host failed after the answer; this is an error in funcserver");
            }
        }
    }

    /// Only the work that goes on: somebody else has answered, and says what became of the event.
    pub fn without_report(self) -> Self {
        Self { report: None, ..self }
    }

    /// Says in the log what became of the event.
    pub fn tell(&self) {
        if let Some(report) = &self.report {
            report.write(&self.log, self.metrics);
        }
    }
}
