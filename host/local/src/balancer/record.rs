//! The access log: one record for each request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::id;

/// Receives the record of each request. It must not block.
pub type AccessLog = Arc<dyn Fn(&Record) + Send + Sync>;

/// An entry of the access log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The request id of its invocation, whether the handler was invoked or not.
    pub id: String,
    /// The address of the client.
    pub client: SocketAddr,
    /// The method; `-` if the request could not be parsed.
    pub method: String,
    /// The target without fragment; `-` if the request could not be parsed.
    pub target: String,
    /// The status of the response. 460 means that the connection ended before the response: the client closed it, or
    /// the drain time was over.
    pub status: u16,
    /// The `error_reason` of a load balancer's access log, such as `LambdaInvalidResponse`.
    pub reason: Option<&'static str>,
    /// The reason in words, if the load balancer itself answered.
    pub detail: Option<String>,
    /// The time from the head of the request to the response.
    pub duration: Duration,
}

/// The record of a request without a response yet. If it is dropped, it logs that there was no response.
pub(super) struct PendingRecord {
    record: Record,
    since: Instant,
    log: Option<AccessLog>,
}

impl PendingRecord {
    pub(super) fn new(log: &AccessLog, client: SocketAddr, method: &str, target: String) -> Self {
        let record = Record {
            id: id::request_id(),
            client,
            method: method.into(),
            target,
            status: 460,
            reason: None,
            detail: None,
            duration: Duration::ZERO,
        };
        Self { record, since: Instant::now(), log: Some(log.clone()) }
    }

    /// The request id of the invocation.
    pub(super) fn id(&self) -> &str {
        &self.record.id
    }

    /// Logs the record with the status of the response.
    pub(super) fn close(mut self, status: u16, reason: Option<&'static str>, detail: Option<String>) {
        (self.record.status, self.record.reason, self.record.detail) = (status, reason, detail);
        self.write();
    }

    /// The response has begun, with this status. [`PendingRecord::end`] logs the record; if its body is dropped before, the
    /// client has left.
    pub(super) fn begin(&mut self, status: u16) {
        (self.record.status, self.record.detail) = (status, Some("the client left before the end".into()));
    }

    /// Logs the record of a response that has begun.
    pub(super) fn end(self, reason: Option<&'static str>, detail: Option<String>) {
        let status = self.record.status;
        self.close(status, reason, detail);
    }

    fn write(&mut self) {
        if let Some(log) = self.log.take() {
            self.record.duration = self.since.elapsed();
            log(&self.record);
        }
    }
}

impl Drop for PendingRecord {
    fn drop(&mut self) {
        self.write();
    }
}
