//! The linear memory that an instance may still take. What the host buffers of its requests takes from the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::gauge::Meter;

/// The rest of an instance's memory. It is shared with the requests of the instance, which other threads may send.
pub(crate) struct MemoryLeft {
    bytes: AtomicUsize,
    /// What must remain, because the host holds it for the instance already.
    spare: AtomicUsize,
    meter: Option<Arc<Meter>>,
}

impl MemoryLeft {
    pub(crate) fn new(bytes: usize, meter: Option<Arc<Meter>>) -> Self {
        Self { bytes: AtomicUsize::new(bytes), spare: AtomicUsize::new(0), meter }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Sets what must remain.
    pub(crate) fn spare(&self, bytes: usize) {
        self.spare.store(bytes, Ordering::Relaxed);
    }

    /// Takes `bytes`, if there are as many.
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let spare = self.spare.load(Ordering::Relaxed);
        let rest = |left: usize| (bytes <= left.saturating_sub(spare)).then(|| left - bytes);
        let taken = self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest).is_ok();
        if taken {
            self.grown(bytes);
        }
        taken
    }

    /// Records that the process grows by `bytes` because of the instance.
    pub(crate) fn grown(&self, bytes: usize) {
        if let Some(meter) = &self.meter {
            meter.grow(bytes);
        }
    }
}

/// A part of an instance's memory that a buffer of the host takes, until it is dropped.
pub(crate) struct BufferMemory {
    left: Arc<MemoryLeft>,
    taken: usize,
}

impl BufferMemory {
    /// Takes nothing yet.
    pub(crate) fn new(left: Arc<MemoryLeft>) -> Self {
        Self { left, taken: 0 }
    }

    /// Takes more, up to `bytes` in all, if there is as much.
    pub(crate) fn grow_to(&mut self, bytes: usize) -> bool {
        let grown = self.left.take(bytes.saturating_sub(self.taken));
        if grown {
            self.taken = self.taken.max(bytes);
        }
        grown
    }
}

impl Drop for BufferMemory {
    fn drop(&mut self) {
        self.left.bytes.fetch_add(self.taken, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_and_the_guest_take_of_one_memory() {
        let left = Arc::new(MemoryLeft::new(100, None));
        let mut buffer = BufferMemory::new(left.clone());
        assert!(buffer.grow_to(60) && buffer.grow_to(50));
        assert_eq!((buffer.taken, left.bytes()), (60, 40));
        assert!(!left.take(41) && !buffer.grow_to(101) && left.take(40));
        drop(buffer);
        assert_eq!(left.bytes(), 60);
        left.spare(50);
        assert!(!left.take(11) && left.take(10) && left.take(0));
    }
}
