//! The log of one request.

use std::sync::Arc;

use funcserver_engine::{Fault, Notice, Output, Stream};

use crate::failure::Kind;
use crate::invocation::Invocation;
use crate::log::{self, Level, Log, Scope, Words};

/// When a failure was that has cost no answer.
const AFTER: &str = "after the answer";

/// Receives what the host says of one request, and what the guest writes meanwhile.
#[derive(Clone)]
pub(crate) struct RequestLog {
    log: Log,
    invocation: Option<Arc<Invocation>>,
    words: Words,
}

impl RequestLog {
    pub(crate) fn new(log: Log, invocation: Arc<Invocation>) -> Self {
        Self { log, invocation: Some(invocation), words: Words::default() }
    }

    /// For what a guest does before there is a request.
    pub(crate) fn of_no_request(log: Log) -> Self {
        Self { log, invocation: None, words: Words::default() }
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

impl RequestLog {
    /// What a failure of the handler is called: first its own words.
    pub(crate) fn message(&self, fault: &Fault) -> String {
        log::failure_message(fault, self.words.message())
    }

    /// Writes the one record of a failure that is called so.
    pub(crate) fn failed(&self, kind: Kind, fault: &Fault, message: &str) {
        self.scope().failed(Level::Error, ("kind", kind.name()), fault, message);
    }

    /// The same of one once the request is answered.
    pub(crate) fn failed_after(&self, fault: &Fault) {
        self.scope().failed(Level::Warn, ("when", AFTER), fault, &self.message(fault));
    }
}

impl Output for RequestLog {
    fn line(&self, stream: Stream, line: &str) {
        self.lines(stream, &mut std::iter::once(line));
    }

    fn lines(&self, stream: Stream, lines: &mut dyn Iterator<Item = &str>) -> usize {
        self.scope().guest_lines(stream, &mut lines.inspect(|line| self.words.keep(stream, line)))
    }

    fn line_of_some(&self, stream: Stream, line: &str) {
        self.lines_of_some(stream, &mut std::iter::once(line));
    }

    fn lines_of_some(&self, stream: Stream, lines: &mut dyn Iterator<Item = &str>) -> usize {
        self.log.host().guest_lines(stream, &mut lines.inspect(|line| self.words.keep(stream, line)))
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
