//! The call of the handler for an event that is not an HTTP request, or for one record of it.

use std::sync::Arc;
use std::time::Instant;

use funcserver_engine::{Call, Facts, Fault, GuestStep};

use crate::invocation::Invocation;
use crate::log::{Words, failure_message};

/// A call for an event or a record. Records of a batch may run at once, so each has its own last words.
pub(crate) struct EventCall {
    invocation: Arc<Invocation>,
    words: Words,
}

impl EventCall {
    pub(crate) fn new(invocation: &Arc<Invocation>) -> Self {
        Self { invocation: invocation.clone(), words: Words::default() }
    }

    /// The message for a failure of the handler in this call.
    pub(crate) fn message(&self, fault: &Fault) -> String {
        failure_message(fault, self.words.message())
    }
}

impl Call for EventCall {
    fn deadline(&self) -> Instant {
        self.invocation.due()
    }

    fn facts(&self) -> Facts<'_> {
        self.invocation.facts()
    }

    fn on(&self, step: GuestStep<'_>) {
        if let GuestStep::Lines(lines) = step {
            lines.iter().for_each(|line| self.words.keep(lines.stream, line));
        }
        self.invocation.on(step);
    }
}
