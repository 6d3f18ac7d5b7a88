//! What the watchdog knows: who works on what, and what is being done about it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use funcserver_function::{Claim, Invocation};

/// How long after the watchdog's answer a thread is not yet taken for stuck.
const LATE: Duration = Duration::from_millis(50);

/// The invocations that are open, and what the watchdog does.
#[derive(Default)]
pub(super) struct State {
    pub(super) open: Vec<Open>,
    /// There is a thread.
    pub(super) runs: bool,
    /// When it looks again by itself.
    pub(super) looks: Option<Instant>,
    /// When all that is open then is overdue, as the process is told to end.
    pub(super) last_call: Option<Instant>,
    /// Answers that are being sent, and lines about them.
    pub(super) sending: usize,
    pub(super) telling: usize,
    /// The invocation whose thread has not come back: the process ends.
    pub(super) stuck: Option<Arc<Invocation>>,
}

/// An invocation that somebody works on.
pub(super) struct Open {
    invocation: Arc<Invocation>,
    /// When the watchdog has answered it.
    taken: Option<Instant>,
}

impl State {
    pub(super) fn add(&mut self, invocation: Arc<Invocation>) {
        self.open.push(Open { invocation, taken: None });
    }

    pub(super) fn remove(&mut self, invocation: &Arc<Invocation>) {
        if let Some(place) = self.open.iter().position(|open| Arc::ptr_eq(&open.invocation, invocation)) {
            self.open.swap_remove(place);
        }
    }

    /// Claims what is overdue.
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

    /// Whether somebody still works on what was answered in his place, when Lambda gives it up. Of no interest where the
    /// process ends anyway.
    pub(super) fn find_stuck(&mut self, now: Instant) {
        if self.stuck.is_none() && self.last_call.is_none() {
            let stuck = self.open.iter().find(|open| open.taken.is_some() && open.given_up() <= now);
            self.stuck = stuck.map(|open| open.invocation.clone());
        }
    }

    /// Whether there are others that may still be answered.
    pub(super) fn waits_for_others(&self, now: Instant) -> bool {
        let may_be_answered = |open: &Open| !open.invocation.is_claimed() || now < open.invocation.ends();
        self.sending > 0 || self.open.iter().any(|open| open.taken.is_none() && may_be_answered(open))
    }

    /// When there is something to do: an answer is overdue, a thread has not come back, or there is nobody left to wait for.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        let next = |open: &Open| match open.invocation.is_claimed() {
            false => Some(open.due(self.last_call)),
            true if open.taken.is_some() || self.stuck.is_some() => Some(open.given_up()),
            true => None,
        };
        self.open.iter().filter_map(next).filter(|next| *next > now).min()
    }

    /// Whether there is nobody who will answer.
    pub(super) fn is_at_rest(&self) -> bool {
        self.open.iter().all(|open| open.taken.is_some()) && self.sending == 0 && self.telling == 0
    }
}

impl Open {
    fn due(&self, last_call: Option<Instant>) -> Instant {
        let overdue = self.invocation.overdue();
        last_call.map_or(overdue, |last_call| last_call.min(overdue))
    }

    /// When nobody waits for it any more: at Lambda's deadline. Who is due at that moment has a little longer to come back.
    fn given_up(&self) -> Instant {
        let ends = self.invocation.ends();
        self.taken.map_or(ends, |taken| ends.max(taken + LATE))
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use funcserver_function::{Context, Margins, Observers};

    const SECOND: Duration = Duration::from_secs(1);

    /// One that ends in an hour and so many seconds, and is due a hundred seconds before.
    fn invocation(seconds: u32) -> Arc<Invocation> {
        let ends = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + SECOND * (3600 + seconds);
        let deadline_ms = u64::try_from(ends.as_millis()).unwrap();
        let context = Context { request_id: seconds.to_string(), deadline_ms, ..Context::default() };
        Arc::new(Invocation::new(context, Margins { margin: 100 * SECOND, timeout: None }, Observers::default()))
    }

    #[test]
    fn what_is_overdue_is_claimed_once_and_what_is_claimed_is_left_alone() {
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
    fn one_that_comes_back_is_not_stuck() {
        let (mut state, late) = (State::default(), invocation(1));
        state.add(late.clone());
        assert_eq!(state.overdue(late.ends()).len(), 1);
        state.find_stuck(late.ends());
        assert!(state.stuck.is_none(), "it has a moment to come back");
        state.remove(&late);
        state.find_stuck(late.ends() + SECOND);
        assert!(state.stuck.is_none());
    }

    #[test]
    fn at_the_last_call_all_is_overdue() {
        let (mut state, one) = (State::default(), invocation(1));
        state.add(one);
        let now = Instant::now();
        state.last_call = Some(now);
        assert!(!state.is_at_rest());
        assert_eq!(state.overdue(now).len(), 1);
        state.sending = 0;
        assert!(state.is_at_rest());
    }
}
