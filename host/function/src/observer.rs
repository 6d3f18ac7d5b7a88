//! Observers of invocations: the log, the metrics, and others.

use std::fmt;
use std::sync::Arc;

use funcserver_engine::{Fault, GuestStep};

use crate::caught::Panic;
use crate::invocation::Invocation;
use crate::report::Report;

/// Receives each step of every invocation. There is no other way to observe them.
pub trait Observer: Send + Sync {
    /// `invocation` has reached `step`. Until [`Step::Sent`], the answer waits for this call.
    fn on(&self, invocation: &Invocation, step: &Step<'_>);
}

impl<T: Observer + ?Sized> Observer for Arc<T> {
    fn on(&self, invocation: &Invocation, step: &Step<'_>) {
        (**self).on(invocation, step);
    }
}

/// A step of an invocation. The steps occur in this order, and some may be left out.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// The event has been read: it is a request for the handler.
    Decoded,
    /// A step in the engine. Lines and outgoing requests may also occur after the answer.
    Guest(GuestStep<'a>),
    /// The response was written as the front end's reply, with this number of bytes. Of a reply that is streamed, the head
    /// was written; its body follows until [`Step::Sent`].
    Encoded(usize),
    /// The answer has been sent. Senders that do not report this, such as the tool's `invoke`, skip this step.
    Sent,
    /// The outcome of the event, if there is something to report.
    Report(&'a Report),
    /// The work after the answer has ended.
    After(Late<'a>),
}

/// The end of the work after an answer.
#[derive(Clone, Copy, Debug)]
pub enum Late<'a> {
    /// It ended without a failure.
    Well,
    /// The handler has failed.
    Fault(&'a Fault),
    /// The host has failed.
    Panic(&'a Panic),
}

/// Observers, notified in order. Clones share them.
#[derive(Clone, Default)]
pub struct Observers(Arc<[Box<dyn Observer>]>);

impl Observers {
    pub(crate) fn on(&self, invocation: &Invocation, step: &Step<'_>) {
        for observer in &*self.0 {
            observer.on(invocation, step);
        }
    }
}

impl From<Vec<Box<dyn Observer>>> for Observers {
    fn from(observers: Vec<Box<dyn Observer>>) -> Self {
        Self(observers.into())
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} observers", self.0.len())
    }
}
