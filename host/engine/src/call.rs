//! One request, as its sender describes it, and what happens to it in the engine.

use std::cell::Cell;
use std::time::Instant;

use http::response;

use crate::network::Notice;

/// A request's sender: it knows the facts of the request, when the answer is due, and observes what happens.
pub trait Call: Send + Sync {
    /// When the answer is due. The instance ends at that moment, whatever it does.
    fn deadline(&self) -> Instant;

    /// What the guest can ask for through `funcserver:lambda/context`.
    fn facts(&self) -> Facts<'_> {
        Facts::default()
    }

    /// The request has come to `step`. The guest waits meanwhile.
    fn on(&self, step: GuestStep<'_>);
}

/// The facts of one invocation: the functions of `funcserver:lambda/context@0.1.0` (`wit/`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Lambda's request id.
    pub request_id: &'a str,
    /// When Lambda ends the invocation, in milliseconds since the Unix epoch.
    pub deadline_ms: u64,
    /// The X-Ray trace header, where there is one.
    pub trace_id: Option<&'a str>,
    /// The ARN by which the function was invoked.
    pub function_arn: &'a str,
    /// The ARN of the load balancer's target group, where the event names one.
    pub target_group_arn: Option<&'a str>,
    /// Whether the target group sends and expects multi-value headers.
    pub multi_value_headers: bool,
    /// The address of the client, without port.
    pub client_address: Option<&'a str>,
}

/// What happens to a request in the engine. Lines and outgoing requests come at any time after the instance; the other
/// steps come in this order, each once at most, and a request that fails comes to no further one.
#[derive(Clone, Copy, Debug)]
pub enum GuestStep<'a> {
    /// It is one of those that may run at once ([`Limits::concurrency`](crate::Limits::concurrency)).
    Permit,
    /// An instance begins to work on it.
    Instance(InstanceAge),
    /// The guest has written lines.
    Lines(&'a Lines<'a>),
    /// An outgoing request was denied or failed.
    Outgoing(&'a Notice),
    /// The guest has set its response.
    Head(&'a response::Parts),
    /// The response's body is complete: it has so many bytes.
    Body(u64),
}

/// What an instance has done before a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceAge {
    /// It was made for this request.
    Fresh,
    /// It was made ahead, and has served no request.
    Ready,
    /// It has served other requests.
    Reused,
}

/// A standard stream of the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// The lines that one write of the guest has completed, without their line breaks.
///
/// Bytes that are not UTF-8 have been replaced, and a line that is too long has been cut and says so. On standard error,
/// lines that belong together (a panic with its notes, a traceback) are one, with the line breaks between them.
#[derive(Debug)]
pub struct Lines<'a> {
    /// Where they were written.
    pub stream: Stream,
    /// Whether they certainly belong to this request: an instance that answers several at once does not tell.
    pub certain: bool,
    text: &'a str,
    /// Where each line ends in `text`.
    ends: &'a [usize],
    logged: Cell<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(stream: Stream, text: &'a str, ends: &'a [usize]) -> Self {
        Self { stream, certain: true, text, ends, logged: Cell::new(0) }
    }

    /// The lines, in the order in which they were written.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> {
        let (text, mut start) = (self.text, 0);
        self.ends.iter().map(move |end| &text[std::mem::replace(&mut start, *end)..*end])
    }

    /// Says that these lines take so many bytes of a log. The limit of output counts that where it is more than the guest
    /// wrote.
    pub fn count_logged(&self, bytes: usize) {
        self.logged.set(self.logged.get().max(bytes));
    }

    pub(crate) fn logged(&self) -> usize {
        self.logged.get()
    }
}
