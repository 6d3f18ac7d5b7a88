//! The caller's view of one request, and the steps that the engine reports for it.

use std::borrow::Cow;
use std::cell::Cell;
use std::time::Instant;

use http::response;

use crate::network::Notice;

/// The caller of a request: it knows the facts and the deadline of the request, and observes its steps.
pub trait Call: Send + Sync {
    /// When the answer is due. The instance is interrupted at that time.
    fn deadline(&self) -> Instant;

    /// The facts that the guest can read through `funcserver:lambda/context`.
    fn facts(&self) -> Facts<'_> {
        Facts::default()
    }

    /// The request has reached `step`. The guest is paused during this call.
    fn on(&self, step: GuestStep<'_>);
}

/// The facts of one invocation: the functions of `funcserver:lambda/context@0.1.0` (`wit/`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Lambda's request id.
    pub request_id: &'a str,
    /// When Lambda ends the invocation, in milliseconds since the Unix epoch.
    pub deadline_ms: u64,
    /// The X-Ray trace header, if there is one.
    pub trace_id: Option<&'a str>,
    /// The ARN with which the function was invoked.
    pub function_arn: &'a str,
    /// The ARN of the load balancer's target group, if the event names one.
    pub target_group_arn: Option<&'a str>,
    /// Whether the target group sends and expects multi-value headers.
    pub multi_value_headers: bool,
    /// The address of the client, without port.
    pub client_address: Option<&'a str>,
    /// The tenant, if the function isolates its tenants.
    pub tenant_id: Option<&'a str>,
    /// The source of an event that is not an HTTP request.
    pub event_source: Option<&'static str>,
}

/// A step of a request in the engine. Lines, messages and outgoing requests can occur at any time after `Instance`. The other
/// steps occur in this order, each at most once, and a request that fails reaches no further step.
#[derive(Clone, Copy, Debug)]
pub enum GuestStep<'a> {
    /// The request has a permit to run ([`Limits::concurrency`](crate::Limits::concurrency)).
    Permit,
    /// An instance begins to handle the request.
    Instance(InstanceAge),
    /// The guest has written lines.
    Lines(&'a Lines<'a>),
    /// The guest has logged a message through `wasi:logging`.
    Message(&'a LogMessage<'a>),
    /// An outgoing request was denied or failed.
    Outgoing(&'a Notice),
    /// The guest has set its response.
    Head(&'a response::Parts),
    /// The response's body is complete, with this number of bytes.
    Body(u64),
}

/// The previous use of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceAge {
    /// It was created for this request.
    Fresh,
    /// It was created in advance, and has served no request.
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
/// Invalid UTF-8 has been replaced, and a line that is too long has been truncated with a mark. On standard error,
/// lines that belong together (a panic with its notes, a traceback) are joined into one, with the line breaks between
/// them.
#[derive(Debug)]
pub struct Lines<'a> {
    /// The stream to which the guest wrote them.
    pub stream: Stream,
    /// Whether the lines certainly belong to this request. An instance that answers several at once does not tell which
    /// of them wrote a line.
    pub certain: bool,
    text: &'a str,
    /// The end of each line in `text`.
    ends: &'a [usize],
    logged: Cell<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(stream: Stream, text: &'a str, ends: &'a [usize]) -> Self {
        Self { stream, certain: true, text, ends, logged: Cell::new(0) }
    }

    /// The lines in the order of writing.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> {
        let (text, mut start) = (self.text, 0);
        self.ends.iter().map(move |end| &text[std::mem::replace(&mut start, *end)..*end])
    }

    /// Reports that these lines take `bytes` bytes in the log. If that is more than the guest wrote, it counts towards
    /// the output limit.
    pub fn count_logged(&self, bytes: usize) {
        self.logged.set(self.logged.get().max(bytes));
    }

    pub(crate) fn logged(&self) -> usize {
        self.logged.get()
    }
}

/// A message that the guest has logged through `wasi:logging`.
#[derive(Clone, Debug)]
pub struct LogMessage<'a> {
    /// How severe it is.
    pub level: LogLevel,
    /// The guest's own word for the part of it that logs; may be empty.
    pub context: Cow<'a, str>,
    /// The text. Like a line, it has been truncated with a mark if it is too long. It may have line breaks.
    pub text: Cow<'a, str>,
    /// Whether the message certainly belongs to this request, as for [`Lines`].
    pub certain: bool,
    logged: Cell<usize>,
}

/// The levels of `wasi:logging`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs)] // The names are those of the interface, and of every logger.
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Critical,
}

impl<'a> LogMessage<'a> {
    /// A message that certainly belongs to its request.
    #[must_use]
    pub fn new(level: LogLevel, context: Cow<'a, str>, text: Cow<'a, str>) -> Self {
        Self { level, context, text, certain: true, logged: Cell::new(0) }
    }

    /// Reports that the message takes `bytes` bytes in the log, as for [`Lines::count_logged`].
    pub fn count_logged(&self, bytes: usize) {
        self.logged.set(self.logged.get().max(bytes));
    }

    pub(crate) fn logged(&self) -> usize {
        self.logged.get()
    }

    /// The same message with texts of its own.
    #[must_use]
    pub fn into_owned(self) -> LogMessage<'static> {
        LogMessage {
            context: self.context.into_owned().into(),
            text: self.text.into_owned().into(),
            level: self.level,
            certain: self.certain,
            logged: self.logged,
        }
    }
}
