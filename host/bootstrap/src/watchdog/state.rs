//! The watchdog's state: the open invocations, and the answers that it is sending.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::runtime_api::MIN_TIME;
use funcserver_function::{Claim, Invocation};

/// The minimum time after the watchdog's answer before a thread counts as stuck.
const LATE: Duration = Duration::from_millis(50);

/// The time after Lambda's deadline at which a worker that streams counts as stuck. It gives up its stream at the deadline,
/// and may be late on a busy machine.
const LATE_STREAM: Duration = Duration::from_millis(500);

/// The open invocations, and the watchdog's progress.
#[derive(Default)]
pub(super) struct State {
    pub(super) open: Vec<Open>,
    /// Whether the thread runs.
    pub(super) runs: bool,
    /// The time at which the thread wakes up by itself.
    pub(super) looks: Option<Instant>,
    /// The time at which all open invocations are overdue, if the process is told to end.
    pub(super) last_call: Option<Instant>,
    /// The number of answers that are being sent, and of log lines about them that are being written.
    pub(super) sending: usize,
    pub(super) telling: usize,
    /// The invocation whose thread did not return, for which the process ends.
    pub(super) stuck: Option<Arc<Invocation>>,
}

/// An invocation whose worker has not finished it.
pub(super) struct Open {
    invocation: Arc<Invocation>,
    /// When the watchdog claimed it.
    taken: Option<Instant>,
    /// When its worker must have streamed its answer at the latest, if it has begun to.
    streamed_by: Option<Instant>,
}

impl State {
    pub(super) fn add(&mut self, invocation: Arc<Invocation>) {
        self.open.push(Open { invocation, taken: None, streamed_by: None });
    }

    pub(super) fn remove(&mut self, invocation: &Arc<Invocation>) {
        if let Some(place) = self.open.iter().position(|open| Arc::ptr_eq(&open.invocation, invocation)) {
            self.open.swap_remove(place);
        }
    }

    /// The worker of an invocation begins to stream its answer.
    pub(super) fn streams(&mut self, invocation: &Arc<Invocation>) {
        if let Some(open) = self.open.iter_mut().find(|open| Arc::ptr_eq(&open.invocation, invocation)) {
            open.streamed_by = Some(invocation.ends().max(Instant::now() + MIN_TIME));
        }
    }

    /// Claims the overdue invocations.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<(Arc<Invocation>, Claim)> {
        let last_call = self.last_call;
        let mut overdue = Vec::new();
        for open in &mut self.open {
            if open.due(last_call) <= now
                && let Some(claim) = open.invocation.claim()
            {
                open.taken = Some(now);
                overdue.push((open.invocation.clone(), claim));
            }
        }
        self.sending += overdue.len();
        overdue
    }

    /// Looks for an invocation that the watchdog has answered, or its worker streams, and whose worker has not returned
    /// when Lambda gives it up. There is no need to if the process ends anyway.
    pub(super) fn find_stuck(&mut self, now: Instant) {
        if self.stuck.is_none() && self.last_call.is_none() {
            let stuck = self.open.iter().find(|open| open.is_awaited() && open.given_up() <= now);
            self.stuck = stuck.map(|open| open.invocation.clone());
        }
    }

    /// Whether other invocations may still be answered.
    pub(super) fn waits_for_others(&self, now: Instant) -> bool {
        let may_be_answered = |open: &Open| !open.invocation.is_claimed() || now < open.invocation.ends();
        self.sending > 0 || self.open.iter().any(|open| open.taken.is_none() && may_be_answered(open))
    }

    /// The next time at which there is something to do: an answer is overdue, a thread is stuck, or no other invocation
    /// can still be answered.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        let next = |open: &Open| {
            if !open.invocation.is_claimed() {
                return Some(open.due(self.last_call));
            }
            (open.is_awaited() || self.stuck.is_some()).then(|| open.given_up())
        };
        self.open.iter().filter_map(next).filter(|next| *next > now).min()
    }

    /// Whether the watchdog has claimed all open invocations and has finished its answers and log lines.
    pub(super) fn is_settled(&self) -> bool {
        self.open.iter().all(|open| open.taken.is_some()) && self.sending == 0 && self.telling == 0
    }
}

impl Open {
    fn due(&self, last_call: Option<Instant>) -> Instant {
        let overdue = self.invocation.overdue();
        last_call.map_or(overdue, |last_call| last_call.min(overdue))
    }

    /// Whether its worker must return: its answer is claimed, and does not wait for anything else.
    fn is_awaited(&self) -> bool {
        self.taken.is_some() || self.streamed_by.is_some()
    }

    /// When Lambda gives the invocation up, at its deadline. An invocation that becomes overdue only then gets a little
    /// longer to return, and so does a worker that gives up its stream then.
    fn given_up(&self) -> Instant {
        let ends = self.invocation.ends();
        match (self.taken, self.streamed_by) {
            (Some(taken), _) => ends.max(taken + LATE),
            (None, Some(streamed_by)) => streamed_by + LATE_STREAM,
            (None, None) => ends,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use funcserver_function::{Context, Margins, Observers};

    const SECOND: Duration = Duration::from_secs(1);

    /// An invocation that ends in an hour and `seconds`, and is due a hundred seconds earlier.
    fn invocation(seconds: u32) -> Arc<Invocation> {
        let ends = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + SECOND * (3600 + seconds);
        let deadline_ms = u64::try_from(ends.as_millis()).unwrap();
        let context = Context { request_id: seconds.to_string(), deadline_ms, ..Context::default() };
        Arc::new(Invocation::new(context, Margins { margin: 100 * SECOND, timeout: None }, Observers::default()))
    }

    #[test]
    fn an_overdue_invocation_is_claimed_once() {
        let (mut state, [first, second, third]) = (State::default(), [1, 2, 3].map(invocation));
        for invocation in [&third, &first, &second] {
            state.add(invocation.clone());
        }
        let now = Instant::now();
        assert!(state.overdue(now).is_empty());
        assert_eq!(state.next(now), Some(first.overdue()));
        let _own = second.claim().unwrap();
        let claimed: Vec<_> = state.overdue(second.overdue()).into_iter().map(|(invocation, _)| invocation).collect();
        assert!(matches!(&*claimed, [one] if Arc::ptr_eq(one, &first)), "{claimed:?}");
        assert!(state.overdue(second.overdue()).is_empty());
        assert_eq!(state.next(second.overdue()), Some(third.overdue()));
    }

    #[test]
    fn a_thread_is_stuck_at_lambdas_deadline_and_the_others_are_answered_first() {
        let (mut state, [stuck, slow]) = (State::default(), [1, 50].map(invocation));
        state.add(stuck.clone());
        state.add(slow.clone());
        assert_eq!(state.overdue(stuck.overdue()).len(), 1);
        state.sending = 0;
        state.find_stuck(stuck.ends() - SECOND);
        assert!(state.stuck.is_none());
        state.find_stuck(stuck.ends());
        assert!(Arc::ptr_eq(state.stuck.as_ref().unwrap(), &stuck));
        assert!(!slow.is_claimed() && state.waits_for_others(stuck.ends()));
        state.remove(&slow);
        assert!(!state.waits_for_others(stuck.ends()));
    }

    #[test]
    fn a_thread_that_returns_is_not_stuck() {
        let (mut state, late) = (State::default(), invocation(1));
        state.add(late.clone());
        assert_eq!(state.overdue(late.ends()).len(), 1);
        state.find_stuck(late.ends());
        assert!(state.stuck.is_none(), "it has a moment to return");
        state.remove(&late);
        state.find_stuck(late.ends() + SECOND);
        assert!(state.stuck.is_none());
    }

    #[test]
    fn a_stream_that_does_not_end_is_stuck_after_lambdas_deadline() {
        let (mut state, stream) = (State::default(), invocation(1));
        state.add(stream.clone());
        let _own = stream.claim().unwrap();
        assert_eq!(state.next(Instant::now()), None, "a whole answer is being sent");
        state.streams(&stream);
        assert_eq!(state.next(Instant::now()), Some(stream.ends() + LATE_STREAM));
        state.find_stuck(stream.ends());
        assert!(state.stuck.is_none());
        let late = stream.ends() + SECOND;
        assert!(state.overdue(late).is_empty(), "it has no other answer");
        state.find_stuck(late);
        assert!(Arc::ptr_eq(state.stuck.as_ref().unwrap(), &stream) && !state.waits_for_others(late));
    }

    #[test]
    fn at_the_last_call_all_invocations_are_overdue() {
        let (mut state, one) = (State::default(), invocation(1));
        state.add(one);
        let now = Instant::now();
        state.last_call = Some(now);
        assert!(!state.is_settled());
        assert_eq!(state.overdue(now).len(), 1);
        state.sending = 0;
        assert!(state.is_settled());
    }
}
