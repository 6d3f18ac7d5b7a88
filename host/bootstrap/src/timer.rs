//! Time limits that cost next to nothing while they are met.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

/// One timer for successive time limits. A new timer for each would wake the runtime each time, because there is
/// usually no other timer. Moving this one to a later time does not.
pub(crate) struct Timer(Pin<Box<Sleep>>);

impl Timer {
    /// Creates a timer. Call it on the runtime that uses it.
    pub(crate) fn new() -> Self {
        Self(Box::pin(sleep_until(Instant::now().into())))
    }

    /// The result of `work`, or `None` if it is not ready by `until`.
    pub(crate) async fn within<T>(&mut self, until: Instant, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        let mut is_set = false;
        poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Some(done));
            }
            if !is_set {
                self.0.as_mut().reset(until.into());
                is_set = true;
            }
            self.0.as_mut().poll(context).map(|()| None)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn one_timer_limits_successive_futures() {
        let mut timer = Timer::new();
        let soon = || Instant::now() + Duration::from_millis(20);
        let late = || Instant::now() + Duration::from_secs(60);
        for _ in 0..2 {
            assert_eq!(timer.within(late(), ready(1)).await, Some(1));
            assert_eq!(timer.within(soon(), pending::<()>()).await, None);
            let slow = async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                2
            };
            assert_eq!(timer.within(late(), slow).await, Some(2));
        }
        let past = Instant::now();
        assert_eq!(timer.within(past, ready(3)).await, Some(3));
        assert_eq!(timer.within(past, pending::<()>()).await, None);
    }
}
