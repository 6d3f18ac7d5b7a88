//! Tasks that do not wait for a thread that a guest blocks.
//!
//! Tokio keeps the most recently woken task for the thread that woke it, and no other thread can steal it. A guest may
//! wake a task that others need, such as that of a shared connection, and then block its thread. That task would not
//! run. [`stealable`] moves such a task to the queue from which other threads can steal. Only wakes from within
//! [`at_work`] pay for that.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use hyper::rt::Executor;
use tokio::runtime::{Handle, RuntimeFlavor};

thread_local! {
    /// Whether a guest may be running on this thread.
    static AT_WORK: Cell<bool> = const { Cell::new(false) };
}

/// Runs a future in which a guest may block its thread.
pub async fn at_work<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        let _at_work = AtWork(AT_WORK.replace(true));
        work.as_mut().poll(context)
    })
    .await
}

/// The previous value.
struct AtWork(bool);

impl Drop for AtWork {
    fn drop(&mut self) {
        AT_WORK.set(self.0);
    }
}

/// A task that a guest may wake. It must be spawned on the runtime on which this is called.
pub fn stealable<T>(task: impl Future<Output = T> + Send + 'static) -> impl Future<Output = T> + Send + 'static {
    let several = Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() != RuntimeFlavor::CurrentThread);
    Stealable { task: Box::pin(task), several, waker: None }
}

struct Stealable<F> {
    task: Pin<Box<F>>,
    /// Whether the runtime has several threads.
    several: bool,
    /// The runtime's waker, and the waker that replaces it.
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

/// Wakes a task, and moves it to the queue from which other threads can steal.
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
            // The new task becomes the most recently woken one, which moves the other task to the queue of the thread.
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

    /// If the task were kept for the blocked thread, it would run only after the block.
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
