//! Who is told what happens to an invocation: log, metrics, and whatever else wants to know.

use std::fmt;
use std::sync::Arc;

use funcserver_engine::{Fault, GuestStep};

use crate::caught::Panic;
use crate::invocation::Invocation;
use crate::report::Report;

/// Is told of each step of every invocation. There is no other way to learn of them.
pub trait Observer: Send + Sync {
    /// `invocation` has come to `step`. Until [`Step::Sent`], the answer waits while this runs.
    fn on(&self, invocation: &Invocation, step: &Step<'_>);
}

impl<T: Observer + ?Sized> Observer for Arc<T> {
    fn on(&self, invocation: &Invocation, step: &Step<'_>) {
        (**self).on(invocation, step);
    }
}

/// What happens to an invocation, in this order. A step that it does not come to is left out.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// The event has been read: it is a request for the handler.
    Decoded,
    /// Something happens in the engine. Lines and outgoing requests may come after the answer too.
    Guest(GuestStep<'a>),
    /// The response is written as the front's reply, which has so many bytes.
    Encoded(usize),
    /// The answer has been sent. What the sender does not do, such as the tool's `invoke`, has no such step.
    Sent,
    /// What became of the event, where there is something to say about it.
    Report(&'a Report),
    /// The work after the answer has ended.
    After(Late<'a>),
}

/// How the work after an answer has ended.
#[derive(Clone, Copy, Debug)]
pub enum Late<'a> {
    /// Well.
    Well,
    /// The handler has failed.
    Fault(&'a Fault),
    /// The host has failed.
    Panic(&'a Panic),
}

/// Observers, each told before the next one. Clones share them.
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
