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

/// How often in a row the collector must find the body empty, with a turn of the instance in between, before the body
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
    /// How often in a row the collector has found nothing.
    idle: AtomicUsize,
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
            collector: AtomicWaker::new(),
            instance: AtomicWaker::new(),
        });
        let collected = Collected { body, progress: progress.clone() };
        (collected.boxed_unsync(), Self { progress, writer })
    }

    /// Waits until the body has ended or its collector has dropped it. If the guest writes the body, it has no task
    /// left by now, so it is enough that nothing more arrives. The instance must run meanwhile.
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
            progress.collector.wake();
            context.waker().wake_by_ref();
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
            Poll::Pending => {
                self.progress.idle.fetch_add(1, Ordering::AcqRel);
            }
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
