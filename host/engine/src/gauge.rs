//! Measures the memory of the whole process, and the guests that make it grow.
//!
//! The accounting for each instance does not cover everything. The resident memory of the process is therefore read
//! from the system at each tick. Above the limit, idle instances are dropped. If that is not enough, the guest that has
//! grown most since its call began is ended. Once it is gone, the memory is checked again.

use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

/// The sizes of this process, in pages: the total size, the resident size, and others.
const STATM: &str = "/proc/self/statm";
/// The least growth for which a guest is ended. A guest that has grown less is not the cause.
const LEAST_GROWTH: usize = 2 << 20;

/// Runs a guest to its end, or until it must end because of the process's memory. The error is the limit that was
/// exceeded.
pub(crate) async fn unless_over<T>(meter: Option<&Meter>, guest: impl Future<Output = T>) -> Result<T, usize> {
    let Some(meter) = meter else { return Ok(guest.await) };
    let mut guest = pin!(guest);
    poll_fn(|context| match guest.as_mut().poll(context) {
        Poll::Ready(ended) => Poll::Ready(Ok(ended)),
        Poll::Pending => meter.poll_over(context).map(Err),
    })
    .await
}

/// Measures the memory of the process.
pub(crate) struct Gauge {
    bound: usize,
    statm: File,
    page: usize,
    /// The last measured size, in bytes.
    resident: AtomicUsize,
    guests: Mutex<Guests>,
}

#[derive(Default)]
struct Guests {
    meters: Vec<Weak<Meter>>,
    /// The guest that must end, and may not have ended yet.
    ending: Weak<Meter>,
}

/// The growth of the process that one guest has caused since its call began.
pub(crate) struct Meter {
    gauge: Arc<Gauge>,
    /// Whether the guest handles a call.
    busy: AtomicBool,
    /// The counted growth in this call, in bytes.
    grown: AtomicUsize,
    /// The resident memory when the call began.
    before: AtomicUsize,
    over: AtomicBool,
    waker: AtomicWaker,
}

impl Gauge {
    /// # Errors
    /// The system does not report the sizes.
    pub(crate) fn new(bound: usize) -> io::Result<Self> {
        let statm = File::open(STATM)?;
        let page = rustix::param::page_size();
        let gauge = Self { bound, statm, page, resident: AtomicUsize::new(0), guests: Mutex::default() };
        gauge.resident.store(gauge.read()?, Ordering::Relaxed);
        Ok(gauge)
    }

    /// Creates a meter for a guest.
    pub(crate) fn meter(self: &Arc<Self>) -> Arc<Meter> {
        let meter = Arc::new(Meter {
            gauge: self.clone(),
            busy: AtomicBool::new(true),
            grown: AtomicUsize::new(0),
            before: AtomicUsize::new(self.resident.load(Ordering::Relaxed)),
            over: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        });
        let mut guests = self.guests();
        if guests.meters.len() == guests.meters.capacity() {
            guests.meters.retain(|meter| meter.strong_count() > 0);
        }
        guests.meters.push(Arc::downgrade(&meter));
        drop(guests);
        meter
    }

    /// Checks the memory once. `shed` drops idle instances, and returns whether there were any.
    pub(crate) fn look(&self, shed: impl FnOnce() -> bool) {
        let Ok(resident) = self.read() else { return };
        self.resident.store(resident, Ordering::Relaxed);
        if resident <= self.bound {
            return;
        }
        let mut guests = self.guests();
        if guests.ending.strong_count() > 0 || shed() {
            return;
        }
        if let Some(worst) = guests.worst(resident) {
            worst.end();
            guests.ending = Arc::downgrade(&worst);
        }
    }

    fn read(&self) -> io::Result<usize> {
        let mut text = [0; 128];
        let length = self.statm.read_at(&mut text, 0)?;
        let pages = str::from_utf8(&text[..length]).ok().and_then(|text| text.split(' ').nth(1)?.parse::<usize>().ok());
        pages.map(|pages| pages.saturating_mul(self.page)).ok_or_else(|| io::Error::other("it contains no size"))
    }

    fn guests(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guests {
    /// The guest that has grown most since its call began, if it has grown enough to be the cause.
    fn worst(&self, resident: usize) -> Option<Arc<Meter>> {
        let busy: Vec<_> = self.meters.iter().filter_map(Weak::upgrade).filter(|meter| meter.is_busy()).collect();
        // If only one guest is busy, the uncounted growth is its own too.
        let uncounted = |meter: &Meter| resident.saturating_sub(meter.before.load(Ordering::Relaxed));
        let growth = |meter: &Arc<Meter>| match busy.len() {
            1 => meter.growth().max(uncounted(meter)),
            _ => meter.growth(),
        };
        let worst = busy.iter().max_by_key(|meter| growth(meter))?;
        (growth(worst) >= LEAST_GROWTH).then(|| worst.clone())
    }
}

impl Meter {
    /// Records that a call begins.
    pub(crate) fn begin(&self) {
        self.grown.store(0, Ordering::Relaxed);
        self.before.store(self.gauge.resident.load(Ordering::Relaxed), Ordering::Relaxed);
        self.busy.store(true, Ordering::Relaxed);
    }

    /// Records that no call is in progress.
    pub(crate) fn rest(&self) {
        self.busy.store(false, Ordering::Relaxed);
    }

    /// Records `bytes` of growth.
    pub(crate) fn grow(&self, bytes: usize) {
        self.grown.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Ready with the exceeded limit once the guest must end.
    fn poll_over(&self, context: &mut Context<'_>) -> Poll<usize> {
        self.waker.register(context.waker());
        if self.over.load(Ordering::Acquire) { Poll::Ready(self.gauge.bound) } else { Poll::Pending }
    }

    fn end(&self) {
        self.over.store(true, Ordering::Release);
        self.waker.wake();
    }

    fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }

    fn growth(&self) -> usize {
        self.grown.load(Ordering::Relaxed)
    }
}
