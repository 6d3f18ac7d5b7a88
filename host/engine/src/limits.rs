//! What one invocation may use.

use std::sync::Arc;

use crate::gauge::Meter;

/// Bounds of one instance, and how many may be alive at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All linear memories of an instance together, in bytes.
    pub memory: usize,
    /// What an instance may make the host hold beside its memory, in bytes: header fields, buffers of bodies and files,
    /// outgoing requests that wait. Beyond the first 4 MiB of it, it counts as the instance's memory too.
    pub held: usize,
    /// One set of header fields, in bytes, with 32 more for a name and 40 for a value.
    pub fields: usize,
    /// The body of a response, in bytes. What is longer cannot be sent.
    pub response_body: usize,
    /// What an invocation may write to its standard streams, in bytes. The rest is dropped, and a line says so.
    pub output: usize,
    /// Entries of an instance's tables together.
    pub table_entries: usize,
    /// Handles that a guest may hold at once: streams, headers, pollables.
    pub handles: usize,
    /// Files and folders that an instance may have open at once.
    pub descriptors: usize,
    /// Outgoing requests of an instance at once, until their responses are read. More wait.
    pub requests: usize,
    /// Invocations at once. More wait.
    pub concurrency: usize,
    /// What the whole process may keep resident, in bytes: beyond it, the guest that made it grow most ends.
    /// [`None`]: however much the machine has.
    pub resident: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 512 << 20,
            held: 8 << 20,
            // Above what a request can bring: a load balancer passes 64 KiB of headers on, which is some 10,000 short ones, and
            // the `http` crate holds 24,576 names.
            fields: 2 << 20,
            response_body: 1 << 20,
            output: 1 << 20,
            table_entries: 1_000_000,
            handles: 16_384,
            descriptors: 256,
            requests: 64,
            concurrency: 1,
            resident: None,
        }
    }
}

/// What every instance may have the host hold without giving up memory for it.
const FREE: usize = 4 << 20;
/// An entry of a table, in bytes.
const ENTRY: usize = 16;

/// Counts what an instance has grown to, and remembers whether it was refused more.
pub(crate) struct Limiter {
    memory: usize,
    memory_left: usize,
    entries_left: usize,
    /// The most that the host may hold for it, and what it holds: never less than the truth, as what was given up since it
    /// was weighed is still counted.
    most_held: usize,
    held: usize,
    refused_memory: bool,
    meter: Option<Arc<Meter>>,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits, meter: Option<Arc<Meter>>) -> Self {
        Self {
            memory: limits.memory,
            memory_left: limits.memory,
            entries_left: limits.table_entries,
            most_held: limits.held,
            held: 0,
            refused_memory: false,
            meter,
        }
    }

    /// Another request comes: what was refused to the one before is none of its affair.
    pub(crate) fn begin_request(&mut self) {
        self.refused_memory = false;
    }

    /// The limit, if the guest was refused memory beyond it.
    pub(crate) fn refused_memory(&self) -> Option<usize> {
        self.refused_memory.then_some(self.memory)
    }

    /// Takes so many bytes of linear memory, if they are left.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let left = self.memory_left.saturating_sub(self.held.saturating_sub(FREE));
        if bytes > left {
            return false;
        }
        self.memory_left -= bytes;
        self.grown(bytes);
        true
    }

    /// Takes so many entries of tables, if they are left.
    pub(crate) fn grow_table(&mut self, entries: usize) -> bool {
        let Some(left) = self.entries_left.checked_sub(entries) else { return false };
        self.entries_left = left;
        self.grown(entries.saturating_mul(ENTRY));
        true
    }

    /// Has the host hold so many bytes more, if it may.
    pub(crate) fn hold(&mut self, bytes: usize) -> bool {
        let most = self.most_held.min(self.memory_left.saturating_add(FREE));
        match self.held.checked_add(bytes) {
            Some(held) if held <= most => {
                self.held = held;
                self.grown(bytes);
                true
            }
            _ => false,
        }
    }

    /// What the host holds was weighed.
    pub(crate) fn weighed(&mut self, held: usize) {
        self.held = held;
    }

    /// Whether so much is left that the host holds that the instance had better not be used again.
    pub(crate) fn keeps_too_much(&self) -> bool {
        self.held > self.most_held / 2
    }

    /// Something was refused.
    pub(crate) fn refuse(&mut self) {
        self.refused_memory = true;
    }

    fn grown(&self, bytes: usize) {
        if let Some(meter) = &self.meter {
            meter.grow(bytes);
        }
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
    fn what_the_host_holds_counts_as_memory_beyond_what_is_free() {
        let mut limiter = limiter(10 << 20, 12 << 20);
        assert!(limiter.hold(10 << 20));
        assert!(!limiter.grow(5 << 20), "6 of its 10 MiB are held by the host");
        assert!(limiter.grow(4 << 20));
        assert!(!limiter.hold(1));
        limiter.weighed(1 << 20);
        assert!(limiter.hold(9 << 20));
    }

    #[test]
    fn what_the_host_holds_has_a_limit_of_its_own() {
        let mut limiter = limiter(100 << 20, 12 << 20);
        assert!(limiter.hold(12 << 20));
        assert!(!limiter.hold(1));
        assert!(!limiter.hold(usize::MAX));
        assert!(limiter.grow(90 << 20));
    }
}
