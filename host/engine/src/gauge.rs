//! The memory of the whole process, and the guests that make it grow.
//!
//! What is counted for each instance leaves out what nobody foresaw. So at each tick the process's resident memory is read
//! from the system: beyond the bound, instances that wait for a request are dropped, and then the guest that has grown
//! most since its call began ends. Once it is gone, the memory is looked at again.

use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

/// The sizes of this process, in pages: all of it, what is resident, and more.
const STATM: &str = "/proc/self/statm";
/// What a guest must have grown by to be ended: one that has not grown so much is not the reason.
const LEAST_GROWTH: usize = 2 << 20;

/// Runs a guest until its end, or until it has to end for the process's memory: the error is the bound that was passed.
pub(crate) async fn unless_over<T>(meter: Option<&Meter>, guest: impl Future<Output = T>) -> Result<T, usize> {
    let Some(meter) = meter else { return Ok(guest.await) };
    let mut guest = pin!(guest);
    poll_fn(|context| match guest.as_mut().poll(context) {
        Poll::Ready(ended) => Poll::Ready(Ok(ended)),
        Poll::Pending => meter.poll_over(context).map(Err),
    })
    .await
}

/// Looks at the process's memory.
pub(crate) struct Gauge {
    bound: usize,
    statm: File,
    page: usize,
    /// As it was last seen, in bytes.
    resident: AtomicUsize,
    guests: Mutex<Guests>,
}

#[derive(Default)]
struct Guests {
    meters: Vec<Weak<Meter>>,
    /// The one that was told to end, and may not be gone yet.
    ending: Weak<Meter>,
}

/// What one guest has made the process grow by since its call began.
pub(crate) struct Meter {
    gauge: Arc<Gauge>,
    /// Whether it works on a call.
    busy: AtomicBool,
    /// What it has taken in this call, in bytes, as far as it is counted.
    grown: AtomicUsize,
    /// What was resident when the call began.
    before: AtomicUsize,
    over: AtomicBool,
    waker: AtomicWaker,
}

impl Gauge {
    /// # Errors
    /// The system does not tell.
    pub(crate) fn new(bound: usize) -> io::Result<Self> {
        let statm = File::open(STATM)?;
        let page = rustix::param::page_size();
        let gauge = Self { bound, statm, page, resident: AtomicUsize::new(0), guests: Mutex::default() };
        gauge.resident.store(gauge.read()?, Ordering::Relaxed);
        Ok(gauge)
    }

    /// A meter for one more guest.
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

    /// Looks once. `shed` gives up what nobody works with, and tells whether there was any.
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
        pages.map(|pages| pages.saturating_mul(self.page)).ok_or_else(|| io::Error::other("no size in it"))
    }

    fn guests(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guests {
    /// The one that has grown most since its call began, if it has grown enough to be the reason.
    fn worst(&self, resident: usize) -> Option<Arc<Meter>> {
        let busy: Vec<_> = self.meters.iter().filter_map(Weak::upgrade).filter(|meter| meter.is_busy()).collect();
        // Whoever works alone has also grown by what nobody counts.
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
    /// A call begins.
    pub(crate) fn begin(&self) {
        self.grown.store(0, Ordering::Relaxed);
        self.before.store(self.gauge.resident.load(Ordering::Relaxed), Ordering::Relaxed);
        self.busy.store(true, Ordering::Relaxed);
    }

    /// No call is left.
    pub(crate) fn rest(&self) {
        self.busy.store(false, Ordering::Relaxed);
    }

    /// It has taken so many bytes more.
    pub(crate) fn grow(&self, bytes: usize) {
        self.grown.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Whether its guest is to end: the bound that was passed.
    fn poll_over(&self, context: &mut Context<'_>) -> Poll<usize> {
        self.waker.register(context.waker());
        match self.over.load(Ordering::Acquire) {
            true => Poll::Ready(self.gauge.bound),
            false => Poll::Pending,
        }
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
