//! An open response body, from the view of the instance that produces it.
//!
//! An instance must not end while its response can still grow. A body of 0.3 is not always written by a task of the
//! guest: a stream of the host (the response of another server, a file) flows by itself, and a guest may leave a last
//! write pending. The instance therefore waits for the end of the body itself.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::task::unconstrained;
use wasmtime_wasi_http::{Error, WasiBody};

/// How often in a row the collector must find the body empty, each time after a turn of the instance, before the body
/// counts as abandoned: once for data that was already on its way, and once more for data that the first turn made room
/// for.
const IDLE_TURNS: usize = 2;

/// The time without growth after which a body counts as stalled.
const PATIENCE: Duration = Duration::from_millis(250);

/// The writer of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    /// The guest. Without a task of its own it writes nothing more.
    Guest,
    /// The host, or unknown. The body may grow as long as it is open.
    Host,
}

/// The instance's view of a body that is read elsewhere.
#[derive(Clone)]
pub(crate) struct OpenBody {
    progress: Arc<Progress>,
    writer: Writer,
}

struct Progress {
    ended: AtomicBool,
    /// When the body began or last grew.
    grown: Mutex<Instant>,
    /// How often in a row the collector has found nothing after a turn of the instance.
    idle: AtomicUsize,
    /// Whether the instance has had a turn, and waits until the collector has looked.
    turned: AtomicBool,
    collector: AtomicWaker,
    instance: AtomicWaker,
}

/// The body as it is read.
struct Collected {
    body: WasiBody,
    progress: Arc<Progress>,
}

impl OpenBody {
    /// Follows `body`. The body that is returned must be read instead.
    pub(crate) fn follow(body: WasiBody, writer: Writer) -> (WasiBody, Self) {
        let progress = Arc::new(Progress {
            ended: AtomicBool::new(false),
            grown: Mutex::new(Instant::now()),
            idle: AtomicUsize::new(0),
            turned: AtomicBool::new(false),
            collector: AtomicWaker::new(),
            instance: AtomicWaker::new(),
        });
        let collected = Collected { body, progress: progress.clone() };
        (collected.boxed_unsync(), Self { progress, writer })
    }

    /// Waits until the body has ended or its collector has dropped it. If the guest writes the body, it has no task
    /// left by now, so it is enough that nothing more arrives. The instance must run meanwhile. While the collector does
    /// not look, because its own reader is slow, this only waits.
    pub(crate) async fn over(&self) {
        self.progress.idle.store(0, Ordering::Relaxed);
        poll_fn(|context| self.poll_over(context)).await;
    }

    fn poll_over(&self, context: &Context<'_>) -> Poll<()> {
        let progress = &self.progress;
        progress.instance.register(context.waker());
        if self.has_ended() {
            return Poll::Ready(());
        }
        if self.writer == Writer::Guest {
            if progress.idle.load(Ordering::Acquire) >= IDLE_TURNS {
                return Poll::Ready(());
            }
            progress.turned.store(true, Ordering::Release);
            progress.collector.wake();
        }
        Poll::Pending
    }

    /// When the body counts as stalled, unless it grows or ends before.
    pub(crate) fn stalls(&self) -> Option<Instant> {
        let grown = *self.progress.grown.lock().unwrap_or_else(PoisonError::into_inner);
        (!self.has_ended()).then(|| grown + PATIENCE)
    }

    pub(crate) fn writer(&self) -> Writer {
        self.writer
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.progress.ended.load(Ordering::Acquire)
    }
}

impl Progress {
    fn grow(&self) {
        *self.grown.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.idle.store(0, Ordering::Release);
    }

    fn found_nothing(&self) {
        if self.turned.swap(false, Ordering::AcqRel) {
            self.idle.fetch_add(1, Ordering::AcqRel);
            self.instance.wake();
        }
    }

    fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.instance.wake();
    }
}

impl Body for Collected {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.progress.collector.register(context.waker());
        // This runs outside of tokio's budget, because channels appear to be empty once it is exhausted.
        let frame = {
            let mut frame = unconstrained(self.body.frame());
            Pin::new(&mut frame).poll(context)
        };
        match &frame {
            Poll::Ready(Some(Ok(_))) => self.progress.grow(),
            Poll::Ready(None | Some(Err(_))) => self.progress.end(),
            Poll::Pending => self.progress.found_nothing(),
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Collected {
    fn drop(&mut self) {
        self.progress.end();
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::pin::pin;
    use std::task::Waker;

    use http_body_util::StreamBody;

    use super::*;

    /// Counts how often it is woken.
    struct Count(AtomicUsize);

    impl std::task::Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// A reader that is slow does not look at the body. The instance must not spin meanwhile.
    #[tokio::test]
    async fn an_instance_sleeps_while_nobody_looks_at_its_body() {
        let never = futures_util::stream::once(pending::<Result<Frame<Bytes>, Error>>());
        let (body, open) = OpenBody::follow(StreamBody::new(never).boxed_unsync(), Writer::Guest);
        let (mut body, mut over) = (pin!(body), pin!(open.over()));
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(count.clone());
        let mut instance = Context::from_waker(&waker);
        let mut reader = Context::from_waker(Waker::noop());
        for turn in 0..IDLE_TURNS {
            assert!(over.as_mut().poll(&mut instance).is_pending());
            assert_eq!(count.0.load(Ordering::SeqCst), turn, "woken although nobody has looked");
            assert!(body.as_mut().poll_frame(&mut reader).is_pending());
            assert!(body.as_mut().poll_frame(&mut reader).is_pending(), "a second look in a turn does not count");
            assert_eq!(count.0.load(Ordering::SeqCst), turn + 1);
        }
        assert!(over.as_mut().poll(&mut instance).is_ready());
    }
}
