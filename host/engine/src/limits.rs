//! The limits of one invocation.

use std::sync::Arc;

use crate::gauge::Meter;
use crate::memory_left::MemoryLeft;

/// The limits of one instance, and of the number of concurrent invocations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The size of all linear memories of an instance together, in bytes.
    pub memory: usize,
    /// The memory that the host may hold for an instance besides its linear memory, in bytes: header fields, buffers of
    /// bodies and files, and waiting outgoing requests. The part above 4 MiB also counts towards `memory`.
    pub held: usize,
    /// The size of one set of header fields, in bytes, plus 32 for each name and 40 for each value.
    pub fields: usize,
    /// The output of an invocation to its standard streams, in bytes. The rest is dropped, and a line says so.
    pub output: usize,
    /// The number of entries of all tables of an instance together.
    pub table_entries: usize,
    /// The number of handles that a guest may hold: streams, headers, pollables.
    pub handles: usize,
    /// The number of files and folders that an instance may have open.
    pub descriptors: usize,
    /// The number of TCP sockets of an instance. Another one is refused.
    pub connections: usize,
    /// The number of concurrent outgoing requests of an instance, until their responses are read. Others wait.
    pub requests: usize,
    /// The number of concurrent invocations. Others wait.
    pub concurrency: usize,
    /// The number of concurrent requests, if instances serve several at once and it is more than `concurrency`, which
    /// then is the number of instances. 0 means that `concurrency` holds.
    pub shared_requests: usize,
    /// The resident memory of the whole process, in bytes. Above it, the guest that made it grow most is ended.
    /// [`None`] means no limit.
    pub resident: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 512 << 20,
            held: 8 << 20,
            // More than a request can have: a load balancer passes on 64 KiB of headers, which are some 10,000 short
            // ones, and the `http` crate holds 24,576 names.
            fields: 2 << 20,
            output: 1 << 20,
            table_entries: 1_000_000,
            handles: 16_384,
            descriptors: 256,
            connections: 16,
            requests: 64,
            concurrency: 1,
            shared_requests: 0,
            resident: None,
        }
    }
}

impl Limits {
    /// The number of concurrent requests.
    pub(crate) fn requests_at_once(&self) -> usize {
        self.concurrency.max(self.shared_requests)
    }
}

/// The memory that the host may hold for each instance without counting it as the instance's memory.
const FREE: usize = 4 << 20;
/// The size of a table entry, in bytes.
const ENTRY: usize = 16;

/// Counts the growth of an instance, and records whether more was rejected.
pub(crate) struct Limiter {
    memory: usize,
    memory_left: Arc<MemoryLeft>,
    entries_left: usize,
    /// The limit for the memory that the host holds, and the current size. The size is never too low, because memory
    /// that was released since the last weighing is still counted.
    most_held: usize,
    held: usize,
    refused_memory: bool,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits, meter: Option<Arc<Meter>>) -> Self {
        Self {
            memory: limits.memory,
            memory_left: Arc::new(MemoryLeft::new(limits.memory, meter)),
            entries_left: limits.table_entries,
            most_held: limits.held,
            held: 0,
            refused_memory: false,
        }
    }

    /// Clears the out-of-memory flag for the next request.
    pub(crate) fn begin_request(&mut self) {
        self.refused_memory = false;
    }

    /// The limit, if a request of the guest for more memory was rejected.
    pub(crate) fn refused_memory(&self) -> Option<usize> {
        self.refused_memory.then_some(self.memory)
    }

    /// The rest of the memory, of which buffers of the host take a part.
    pub(crate) fn memory_left(&self) -> Arc<MemoryLeft> {
        self.memory_left.clone()
    }

    /// Takes `bytes` of linear memory, if the limit allows it.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        self.memory_left.take(bytes)
    }

    /// Takes `entries` of tables, if the limit allows it.
    pub(crate) fn grow_table(&mut self, entries: usize) -> bool {
        let Some(left) = self.entries_left.checked_sub(entries) else { return false };
        self.entries_left = left;
        self.memory_left.grown(entries.saturating_mul(ENTRY));
        true
    }

    /// Lets the host hold `bytes` more, if the limit allows it.
    pub(crate) fn hold(&mut self, bytes: usize) -> bool {
        let most = self.most_held.min(self.memory_left.bytes().saturating_add(FREE));
        match self.held.checked_add(bytes) {
            Some(held) if held <= most => {
                self.weighed(held);
                self.memory_left.grown(bytes);
                true
            }
            _ => false,
        }
    }

    /// Sets the size that the host holds, after it was weighed.
    pub(crate) fn weighed(&mut self, held: usize) {
        self.held = held;
        self.memory_left.spare(held.saturating_sub(FREE));
    }

    /// Whether the host still holds so much that the instance should not be reused.
    pub(crate) fn keeps_too_much(&self) -> bool {
        self.held > self.most_held / 2
    }

    /// Records that a request for memory was rejected.
    pub(crate) fn refuse(&mut self) {
        self.refused_memory = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(memory: usize, held: usize) -> Limiter {
        Limiter::new(&Limits { memory, held, ..Limits::default() }, None)
    }

    #[test]
    fn several_memories_share_one_limit() {
        let mut limiter = limiter(300, 0);
        assert!(limiter.grow(200));
        assert!(limiter.grow(100));
        assert!(!limiter.grow(1));
    }

    #[test]
    fn held_memory_above_the_free_part_counts_as_memory() {
        let mut limiter = limiter(10 << 20, 12 << 20);
        assert!(limiter.hold(10 << 20));
        assert!(!limiter.grow(5 << 20), "6 of its 10 MiB are held by the host");
        assert!(limiter.grow(4 << 20));
        assert!(!limiter.hold(1));
        limiter.weighed(1 << 20);
        assert!(limiter.hold(9 << 20));
    }

    #[test]
    fn held_memory_has_its_own_limit() {
        let mut limiter = limiter(100 << 20, 12 << 20);
        assert!(limiter.hold(12 << 20));
        assert!(!limiter.hold(1));
        assert!(!limiter.hold(usize::MAX));
        assert!(limiter.grow(90 << 20));
    }
}
