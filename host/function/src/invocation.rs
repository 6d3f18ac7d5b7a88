//! One invocation, which all its workers share: Lambda's facts about it, the time when its answer is due, and the claim
//! on its answer.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use funcserver_engine::{Call, Facts, Fault, GuestStep};
use funcserver_events::Form;
use http::HeaderValue;

use crate::batch::SplitBatch;
use crate::log::{Log, Scope, Words, failure_message};
use crate::observer::{Observers, Step};

/// How much later than due an answer is overdue, at the most. In this time its worker can still answer before the
/// watchdog does.
const GRACE: Duration = Duration::from_millis(50);

/// The facts that the Runtime API states about an invocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Lambda's id of the request.
    pub request_id: String,
    /// When Lambda ends the invocation, in milliseconds since the Unix epoch.
    pub deadline_ms: u64,
    /// The X-Ray trace header.
    pub trace_id: Option<String>,
    /// The ARN with which the function was invoked.
    pub function_arn: String,
    /// A value that is returned with the answer, if the event has it: `lambda-runtime-invocation-id`.
    pub invocation_id: Option<HeaderValue>,
    /// The tenant, if the function isolates its tenants: `lambda-runtime-aws-tenant-id`.
    pub tenant_id: Option<String>,
}

/// How long before Lambda's deadline an answer is due.
#[derive(Clone, Copy, Debug)]
pub struct Margins {
    /// The time before Lambda's deadline: `limits.deadline-margin`.
    pub margin: Duration,
    /// A time limit of the host, counted from the event's arrival: `limits.timeout`.
    pub timeout: Option<Duration>,
}

/// One invocation, from the head of its event to its answer.
pub struct Invocation {
    context: Context,
    due: Instant,
    overdue: Instant,
    ends: Instant,
    arrived: Instant,
    /// The facts of its event, once it has been read.
    front: OnceLock<Front>,
    /// The records of its event, if they are posted one by one.
    batch: OnceLock<Arc<SplitBatch>>,
    /// The handler's last words about a failure.
    words: Words,
    observers: Observers,
    claimed: AtomicBool,
}

/// The facts of an event about its front end.
#[derive(Debug, Default)]
pub(crate) struct Front {
    /// The form of the answer.
    pub(crate) form: Form,
    pub(crate) target_group_arn: Option<String>,
    /// The client's address without its port.
    pub(crate) client: Option<String>,
    /// The source of an event that is not an HTTP request, so that only an invocation error is a failure.
    pub(crate) event_source: Option<&'static str>,
}

/// The right to answer an invocation, which exists only once. Its holder sends the answer, and then logs and counts the
/// outcome of the event. No other code does so.
#[must_use = "no other code can answer the invocation"]
pub struct Claim(());

impl Invocation {
    /// An invocation that arrives now.
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
            batch: OnceLock::new(),
            words: Words::default(),
            observers,
            claimed: AtomicBool::new(false),
        }
    }

    /// The facts that the Runtime API states about it.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Lambda's id of the request. It is empty for the warm-up.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.context.request_id
    }

    /// The scope of the log for this invocation.
    #[must_use]
    pub fn scope<'a>(&'a self, log: &'a Log) -> Scope<'a> {
        match self.id() {
            "" => log.host(),
            id => log.at(id).of_tenant(self.context.tenant_id.as_deref()),
        }
    }

    /// The time of its arrival.
    #[must_use]
    pub fn arrived(&self) -> Instant {
        self.arrived
    }

    /// When its answer is due: at Lambda's deadline minus the margin, or earlier if `limits.timeout` says so.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// When the watchdog answers it, if it is still unanswered: a little later than due.
    pub fn overdue(&self) -> Instant {
        self.overdue
    }

    /// Lambda's own deadline, after which Lambda accepts no answer.
    pub fn ends(&self) -> Instant {
        self.ends
    }

    /// The form of its answer, or the default form while the event has not been read.
    #[must_use]
    pub fn form(&self) -> Form {
        self.front.get().map(|front| front.form).unwrap_or_default()
    }

    /// Whether its event is not an HTTP request.
    pub(crate) fn is_other(&self) -> bool {
        self.front.get().is_some_and(|front| front.event_source.is_some())
    }

    /// Records the facts of the event once it has been read.
    pub(crate) fn read(&self, front: Front) {
        let _ = self.front.set(front);
        self.tell(&Step::Decoded);
    }

    /// Records that its event is a batch whose records are posted one by one.
    pub(crate) fn begin_batch(&self, batch: Arc<SplitBatch>) {
        let _ = self.batch.set(batch);
    }

    /// The batch that it is, if its records are posted one by one.
    pub(crate) fn batch(&self) -> Option<&SplitBatch> {
        self.batch.get().map(|batch| &**batch)
    }

    /// Reports a step to all observers.
    pub fn tell(&self, step: &Step<'_>) {
        self.observers.on(self, step);
    }

    /// The message for a failure of the handler, which begins with the handler's own message.
    pub(crate) fn message(&self, fault: &Fault) -> String {
        failure_message(fault, self.words.message())
    }

    /// The right to answer it, for the first caller.
    pub fn claim(&self) -> Option<Claim> {
        let claimed = self.claimed.swap(true, Ordering::AcqRel);
        (!claimed).then_some(Claim(()))
    }

    /// Whether the right to answer it is taken.
    pub fn is_claimed(&self) -> bool {
        self.claimed.load(Ordering::Acquire)
    }
}

impl Call for Invocation {
    fn deadline(&self) -> Instant {
        self.due
    }

    fn facts(&self) -> Facts<'_> {
        let Context { request_id, deadline_ms, trace_id, function_arn, tenant_id, .. } = &self.context;
        let front = self.front.get();
        Facts {
            request_id,
            deadline_ms: *deadline_ms,
            trace_id: trace_id.as_deref(),
            function_arn,
            target_group_arn: front.and_then(|front| front.target_group_arn.as_deref()),
            multi_value_headers: front.is_some_and(|front| front.form.has_multi_value_headers()),
            client_address: front.and_then(|front| front.client.as_deref()),
            tenant_id: tenant_id.as_deref(),
            event_source: front.and_then(|front| front.event_source),
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

    /// An invocation that Lambda ends in an hour.
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
    fn passed_and_infinite_deadlines_are_valid() {
        for deadline_ms in [0, 1, u64::MAX] {
            let context = Context { deadline_ms, ..Context::default() };
            let invocation = Invocation::new(context, Margins { margin: SECOND, timeout: None }, Observers::default());
            assert!(invocation.due <= invocation.overdue && invocation.due <= invocation.ends);
        }
    }

    #[test]
    fn only_one_of_many_gets_the_claim() {
        let invocation = invocation(SECOND, None);
        let claims = std::thread::scope(|threads| {
            let threads: Vec<_> = (0..8).map(|_| threads.spawn(|| invocation.claim())).collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).count()
        });
        assert_eq!(claims, 1);
        assert!(invocation.is_claimed());
    }
}
