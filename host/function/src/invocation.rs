//! One invocation, shared by all who work on it: what Lambda says of it, until when it is to be answered, and the claim on
//! its answer.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use funcserver_engine::{Call, Facts, Fault, GuestStep};
use funcserver_events::Form;
use http::HeaderValue;

use crate::log::{Log, Scope, Words, failure_message};
use crate::observer::{Observers, Step};

/// How long the watchdog leaves an answer that is due to whoever works on it, at the most.
const GRACE: Duration = Duration::from_millis(50);

/// What the Runtime API says about an invocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Lambda's id of the request.
    pub request_id: String,
    /// When Lambda ends the invocation, in milliseconds since the Unix epoch.
    pub deadline_ms: u64,
    /// The X-Ray trace header.
    pub trace_id: Option<String>,
    /// The ARN by which the function was invoked.
    pub function_arn: String,
    /// What goes back with the answer, where it came with the event: `lambda-runtime-invocation-id`.
    pub invocation_id: Option<HeaderValue>,
}

/// How long before Lambda's deadline an answer is due.
#[derive(Clone, Copy, Debug)]
pub struct Margins {
    /// By how much: `limits.deadline-margin`.
    pub margin: Duration,
    /// A time of our own, counted from the event's arrival: `limits.timeout`.
    pub timeout: Option<Duration>,
}

/// One invocation, from the head of its event to its answer.
pub struct Invocation {
    context: Context,
    due: Instant,
    overdue: Instant,
    ends: Instant,
    arrived: Instant,
    /// What its event has said, once it has been read.
    front: OnceLock<Front>,
    /// What the handler has said went wrong.
    words: Words,
    observers: Observers,
    claimed: AtomicBool,
}

/// What an event says of the front that it came through.
#[derive(Debug, Default)]
pub(crate) struct Front {
    /// How the answer is written.
    pub(crate) form: Form,
    pub(crate) target_group_arn: Option<String>,
    /// The client's address without port.
    pub(crate) client: Option<String>,
}

/// The right to answer an invocation: there is one. Whoever has it sends the answer, and then logs and counts what became
/// of the event; nobody else does any of that.
#[must_use = "nobody else can answer the invocation"]
pub struct Claim(());

impl Invocation {
    /// One that arrives now.
    #[must_use]
    pub fn new(context: Context, margins: Margins, observers: Observers) -> Self {
        let Margins { margin, timeout } = margins;
        let lambda = SystemTime::UNIX_EPOCH + Duration::from_millis(context.deadline_ms);
        let left = lambda.duration_since(SystemTime::now()).unwrap_or_default();
        let ours = left.saturating_sub(margin);
        let now = Instant::now();
        let due = now + timeout.map_or(ours, |timeout| timeout.min(ours));
        Self {
            context,
            due,
            overdue: due + GRACE.min(margin / 2),
            ends: now + left,
            arrived: now,
            front: OnceLock::new(),
            words: Words::default(),
            observers,
            claimed: AtomicBool::new(false),
        }
    }

    /// What the Runtime API says about it.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Lambda's id of the request. That of the warm-up is empty.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.context.request_id
    }

    /// Where a log has what belongs to it.
    #[must_use]
    pub fn scope<'a>(&'a self, log: &'a Log) -> Scope<'a> {
        match self.id() {
            "" => log.host(),
            id => log.at(id),
        }
    }

    /// When it arrived.
    #[must_use]
    pub fn arrived(&self) -> Instant {
        self.arrived
    }

    /// When its answer is due: at Lambda's deadline less the margin, or earlier where the settings say so.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// When the watchdog answers it, unless somebody has: a little later.
    pub fn overdue(&self) -> Instant {
        self.overdue
    }

    /// Lambda's own deadline, after which it takes no answer.
    pub fn ends(&self) -> Instant {
        self.ends
    }

    /// The form of its answer; the usual one as long as the event has not been read.
    #[must_use]
    pub fn form(&self) -> Form {
        self.front.get().map(|front| front.form).unwrap_or_default()
    }

    /// The event has been read.
    pub(crate) fn read(&self, front: Front) {
        let _ = self.front.set(front);
        self.tell(&Step::Decoded);
    }

    /// Tells all observers that it has come to a step.
    pub fn tell(&self, step: &Step<'_>) {
        self.observers.on(self, step);
    }

    /// How a person would put a failure of the handler: first in the handler's own words.
    pub(crate) fn message(&self, fault: &Fault) -> String {
        failure_message(fault, self.words.message())
    }

    /// The right to answer it, for the first who asks.
    pub fn claim(&self) -> Option<Claim> {
        let claimed = self.claimed.swap(true, Ordering::AcqRel);
        (!claimed).then_some(Claim(()))
    }

    /// Whether somebody has the right to answer it.
    pub fn is_claimed(&self) -> bool {
        self.claimed.load(Ordering::Acquire)
    }
}

impl Call for Invocation {
    fn deadline(&self) -> Instant {
        self.due
    }

    fn facts(&self) -> Facts<'_> {
        let Context { request_id, deadline_ms, trace_id, function_arn, .. } = &self.context;
        let front = self.front.get();
        Facts {
            request_id,
            deadline_ms: *deadline_ms,
            trace_id: trace_id.as_deref(),
            function_arn,
            target_group_arn: front.and_then(|front| front.target_group_arn.as_deref()),
            multi_value_headers: front.is_some_and(|front| front.form.has_multi_value_headers()),
            client_address: front.and_then(|front| front.client.as_deref()),
        }
    }

    fn on(&self, step: GuestStep<'_>) {
        if let GuestStep::Lines(lines) = step {
            lines.iter().for_each(|line| self.words.keep(lines.stream, line));
        }
        self.tell(&Step::Guest(step));
    }
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation").field("context", &self.context).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Lambda gives it an hour.
    fn invocation(margin: Duration, timeout: Option<Duration>) -> Invocation {
        let ends = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + 3600 * SECOND;
        let deadline_ms = u64::try_from(ends.as_millis()).unwrap();
        Invocation::new(
            Context { deadline_ms, ..Context::default() },
            Margins { margin, timeout },
            Observers::default(),
        )
    }

    #[test]
    fn the_answer_is_due_before_lambdas_deadline_and_overdue_a_little_later() {
        let usual = invocation(SECOND / 10, None);
        assert_eq!(usual.ends - usual.due, SECOND / 10);
        assert_eq!(usual.overdue - usual.due, SECOND / 20);
        let generous = invocation(2 * SECOND, None);
        assert_eq!((generous.ends - generous.due, generous.overdue - generous.due), (2 * SECOND, GRACE));
        let own = invocation(SECOND, Some(2 * SECOND));
        assert!(own.ends - own.due > 3000 * SECOND && own.overdue - own.due == GRACE);
        let none = invocation(Duration::ZERO, None);
        assert_eq!((none.due, none.overdue), (none.ends, none.ends));
    }

    #[test]
    fn a_deadline_that_has_passed_or_never_comes_is_one_all_the_same() {
        for deadline_ms in [0, 1, u64::MAX] {
            let context = Context { deadline_ms, ..Context::default() };
            let invocation = Invocation::new(context, Margins { margin: SECOND, timeout: None }, Observers::default());
            assert!(invocation.due <= invocation.overdue && invocation.due <= invocation.ends);
        }
    }

    #[test]
    fn one_of_many_has_the_claim() {
        let invocation = invocation(SECOND, None);
        let claims = std::thread::scope(|threads| {
            let threads: Vec<_> = (0..8).map(|_| threads.spawn(|| invocation.claim())).collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).count()
        });
        assert_eq!(claims, 1);
        assert!(invocation.is_claimed());
    }
}
