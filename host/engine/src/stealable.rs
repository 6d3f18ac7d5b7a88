//! Tasks that do not wait for a thread which a guest blocks.
//!
//! tokio keeps the task that was woken last for the thread that woke it, and no other thread may take it from there. A guest
//! that wakes a task of others, say that of a connection which they share, and then blocks its thread, would so stop them too.
//! [`stealable`] has such a task moved to where other threads find it; only wakes from within [`at_work`] pay for that.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use hyper::rt::Executor;
use tokio::runtime::{Handle, RuntimeFlavor};

thread_local! {
    /// Whether a guest may be at work on this thread.
    static AT_WORK: Cell<bool> = const { Cell::new(false) };
}

/// Does work in which a guest may block its thread.
pub async fn at_work<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        let _at_work = AtWork(AT_WORK.replace(true));
        work.as_mut().poll(context)
    })
    .await
}

/// What it was before.
struct AtWork(bool);

impl Drop for AtWork {
    fn drop(&mut self) {
        AT_WORK.set(self.0);
    }
}

/// A task that a guest may wake. To be spawned on the runtime on which this is called.
pub fn stealable<T>(task: impl Future<Output = T> + Send + 'static) -> impl Future<Output = T> + Send + 'static {
    let several = Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() != RuntimeFlavor::CurrentThread);
    Stealable { task: Box::pin(task), several, waker: None }
}

struct Stealable<F> {
    task: Pin<Box<F>>,
    /// The runtime has several threads.
    several: bool,
    /// The runtime's waker, and ours in its place.
    waker: Option<(Waker, Waker)>,
}

impl<F: Future> Future for Stealable<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Self { task, several, waker } = &mut *self;
        if !*several {
            return task.as_mut().poll(context);
        }
        let (_, ours) = match waker {
            Some(known) if known.0.will_wake(context.waker()) => known,
            other => other.insert((context.waker().clone(), Arc::new(Moving(context.waker().clone())).into())),
        };
        task.as_mut().poll(&mut Context::from_waker(ours))
    }
}

/// Wakes a task, and moves it to where other threads find it.
struct Moving(Waker);

impl Wake for Moving {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake_by_ref();
        if AT_WORK.get()
            && let Ok(runtime) = Handle::try_current()
        {
            // It takes the place of the last task that was woken, which goes to the queue of the thread.
            runtime.spawn(async {});
        }
    }
}

/// Spawns tasks that guests may wake.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stealing;

impl<F> Executor<F> for Stealing
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, task: F) {
        tokio::spawn(stealable(task));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::Duration;

    use tokio::sync::Notify;

    use super::*;

    /// Were the task kept for the thread that is blocked, it would run when that is over.
    #[test]
    fn a_task_that_a_guest_wakes_does_not_wait_for_its_thread() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_time().build().unwrap();
        let (woken, blocks, ran_meanwhile) =
            (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (wake, waiting) = (woken.clone(), Arc::new(Notify::new()));
        let (begun, over) = (blocks.clone(), ran_meanwhile.clone());
        let waits = waiting.clone();
        runtime.block_on(async move {
            let task = tokio::spawn(stealable(async move {
                let notified = woken.notified();
                waits.notify_one();
                notified.await;
                ran_meanwhile.store(blocks.load(Ordering::SeqCst), Ordering::SeqCst);
            }));
            waiting.notified().await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            let guest = tokio::spawn(at_work(async move {
                begun.store(true, Ordering::SeqCst);
                wake.notify_one();
                for _ in 0..1000 {
                    if over.load(Ordering::SeqCst) {
                        return true;
                    }
                    thread::sleep(Duration::from_millis(10));
                }
                false
            }));
            assert!(guest.await.unwrap(), "the task has waited for the thread");
            task.await.unwrap();
        });
    }
}
