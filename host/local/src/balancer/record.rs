//! The access log: one record a request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Takes the record of each request. It must not block.
pub type AccessLog = Arc<dyn Fn(&Record) + Send + Sync>;

/// What happened to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it came from.
    pub client: SocketAddr,
    /// Its method; `-` if it could not be read.
    pub method: String,
    /// Its target without fragment; `-` if it could not be read.
    pub target: String,
    /// The status of the response. 460 means that the connection ended before it, at the latest when the time to drain did.
    pub status: u16,
    /// The code that a load balancer's access log has as `error_reason`, such as `LambdaInvalidResponse`.
    pub reason: Option<&'static str>,
    /// Why the load balancer itself answered, in words.
    pub detail: Option<String>,
    /// From the request's head to the response.
    pub duration: Duration,
    /// The handler's note.
    pub note: Option<String>,
}

/// The record of a request that is not answered yet. Dropped, it tells the log that there was no response.
pub(super) struct Open {
    record: Record,
    since: Instant,
    log: Option<AccessLog>,
}

impl Open {
    pub(super) fn new(log: &AccessLog, client: SocketAddr, method: &str, target: String) -> Self {
        let record = Record {
            client,
            method: method.into(),
            target,
            status: 460,
            reason: None,
            detail: None,
            duration: Duration::ZERO,
            note: None,
        };
        Self { record, since: Instant::now(), log: Some(Arc::clone(log)) }
    }

    pub(super) fn note(&mut self, note: Option<String>) {
        self.record.note = note;
    }

    /// Closes it with the response's status.
    pub(super) fn close(mut self, status: u16, reason: Option<&'static str>, detail: Option<String>) {
        (self.record.status, self.record.reason, self.record.detail) = (status, reason, detail);
        self.tell();
    }

    fn tell(&mut self) {
        if let Some(log) = self.log.take() {
            self.record.duration = self.since.elapsed();
            log(&self.record);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.tell();
    }
}
