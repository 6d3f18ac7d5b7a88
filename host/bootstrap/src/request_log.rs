//! The log of one request.

use std::sync::Arc;

use funcserver_engine::{Notice, Output, Stream};

use crate::invocation::Invocation;
use crate::log::{Log, Scope};

/// Receives what the host says of one request, and what the guest writes meanwhile.
#[derive(Clone)]
pub(crate) struct RequestLog {
    log: Log,
    invocation: Option<Arc<Invocation>>,
}

impl RequestLog {
    pub(crate) fn new(log: Log, invocation: Arc<Invocation>) -> Self {
        Self { log, invocation: Some(invocation) }
    }

    /// For what a guest does before there is a request.
    pub(crate) fn of_no_request(log: Log) -> Self {
        Self { log, invocation: None }
    }

    /// Lambda's id of the request; empty if it is none of Lambda's.
    pub(crate) fn id(&self) -> &str {
        self.invocation.as_ref().map_or("", |invocation| invocation.id())
    }

    pub(crate) fn scope(&self) -> Scope<'_> {
        match self.id() {
            "" => self.log.host(),
            id => self.log.at(id),
        }
    }
}

impl Output for RequestLog {
    fn line(&self, stream: Stream, line: &str) {
        self.scope().guest(stream, line);
    }

    fn line_of_some(&self, stream: Stream, line: &str) {
        self.log.host().guest(stream, line);
    }

    fn notice(&self, notice: &Notice) {
        match notice {
            Notice::Denied { to, reason, allow } => {
                let setting = allow.as_ref().map(|entry| format!("[network] allow = [\"{entry}\"]"));
                let mut fields = vec![("to", to.as_str().into()), ("reason", reason.as_str().into())];
                fields.extend(setting.as_deref().map(|setting| ("setting", setting.into())));
                self.scope().warn("an outgoing request was denied", &fields);
            }
            Notice::Failed { to, reason } => {
                let fields = [("to", to.as_str().into()), ("reason", reason.as_str().into())];
                self.scope().warn("an outgoing request failed", &fields);
            }
        }
    }
}
