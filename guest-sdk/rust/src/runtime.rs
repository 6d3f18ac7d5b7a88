//! The tokio runtime of an instance.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::LazyLock;
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

/// Runs a future, and then the tasks that it has spawned, to the end. Tasks that existed before go on meanwhile.
pub(crate) fn run(future: impl Future<Output = ()>) {
    let tasks = || RUNTIME.metrics().num_alive_tasks();
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
