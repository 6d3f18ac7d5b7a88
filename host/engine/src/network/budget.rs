//! A time limit that several steps or attempts share.

use std::time::Duration;

use tokio::time::{Instant, timeout};

/// The remaining time. `None` means no limit, because the deadline of the invocation ends everything.
pub(crate) struct Budget(Option<Duration>);

impl Budget {
    pub(crate) fn new(time: Option<Duration>) -> Self {
        Self(time)
    }

    /// Runs one step within the remaining time. Returns `None` if the time is over.
    pub(crate) async fn spend<F: Future>(&mut self, step: F) -> Option<F::Output> {
        let Some(left) = self.0 else { return Some(step.await) };
        let begun = Instant::now();
        let result = timeout(left, step).await.ok();
        self.0 = Some(left.saturating_sub(begun.elapsed()));
        result
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use tokio::time::sleep;

    use super::*;

    #[tokio::test]
    async fn steps_share_one_time_limit() {
        let mut budget = Budget::new(Some(Duration::from_secs(60)));
        assert_eq!(budget.spend(sleep(Duration::from_millis(20))).await, Some(()));
        assert!(budget.0.unwrap() <= Duration::from_millis(59_980));

        let mut budget = Budget::new(Some(Duration::from_millis(20)));
        for _ in 0..3 {
            assert_eq!(budget.spend(sleep(Duration::from_secs(3600))).await, None);
        }
        assert_eq!(Budget::new(None).spend(ready(1)).await, Some(1));
    }
}
