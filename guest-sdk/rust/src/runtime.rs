//! The tokio runtime of an instance.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;

use crate::reactor;

/// Longer than any invocation.
const FOREVER: Duration = Duration::from_hours(24);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_time().on_thread_park(reactor::park).build();
    runtime.unwrap_or_else(|error| panic!("tokio does not start: {error}"))
});

/// Calls `f` so that it can spawn tasks and set timers.
pub(crate) fn enter<T>(f: impl FnOnce() -> T) -> T {
    let _entered = RUNTIME.enter();
    f()
}

/// The tasks for which no request waits.
static DETACHED: AtomicUsize = AtomicUsize::new(0);

/// Spawns a task for which no request waits.
pub(crate) fn spawn_detached(task: impl Future<Output = ()> + Send + 'static) {
    struct Detached;
    impl Drop for Detached {
        fn drop(&mut self) {
            DETACHED.fetch_sub(1, Ordering::Relaxed);
        }
    }
    DETACHED.fetch_add(1, Ordering::Relaxed);
    let detached = Detached;
    RUNTIME.spawn(async move {
        task.await;
        drop(detached);
    });
}

/// Runs a future, and then the tasks that it has spawned, to the end. Tasks that existed before go on meanwhile, and so do
/// detached ones.
pub(crate) fn run(future: impl Future<Output = ()>) {
    // The two numbers may differ for a moment, when a detached task ends.
    let tasks = || RUNTIME.metrics().num_alive_tasks().saturating_sub(DETACHED.load(Ordering::Relaxed));
    let before = tasks();
    block_on(async {
        future.await;
        // Nothing tells when a task ends.
        while tasks() > before {
            sleep(Duration::from_millis(1)).await;
        }
    });
}

fn block_on(future: impl Future<Output = ()>) {
    RUNTIME.block_on(async {
        let mut future = pin!(future);
        // Without any timer tokio would wait for another thread to wake it, which a component does not have: it panics.
        let mut forever = pin!(sleep(FOREVER));
        poll_fn(|context| {
            reactor::set_root(context.waker());
            let _: Poll<()> = forever.as_mut().poll(context);
            future.as_mut().poll(context)
        })
        .await;
    });
}
