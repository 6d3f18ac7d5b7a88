//! What one invocation may use.

use wasmtime::ResourceLimiter;

/// Bounds of one instance, and how many may be alive at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All linear memories of an instance together, in bytes.
    pub memory: usize,
    /// The body of a response, in bytes. What is longer cannot be sent.
    pub response_body: usize,
    /// What an invocation may write to its standard streams, in bytes. The rest is dropped, and a line says so.
    pub output: usize,
    /// Entries of an instance's tables together.
    pub table_entries: usize,
    /// Handles that a guest may hold at once: streams, headers, pollables.
    pub handles: usize,
    /// Outgoing requests of an instance at once, until their responses are read. More wait.
    pub requests: usize,
    /// Invocations at once. More wait.
    pub concurrency: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 512 << 20,
            response_body: 1 << 20,
            output: 1 << 20,
            table_entries: 1_000_000,
            handles: 16_384,
            requests: 64,
            concurrency: 1,
        }
    }
}

/// Counts what an instance has grown to, and remembers whether it was refused more.
pub(crate) struct Limiter {
    memory: usize,
    memory_left: usize,
    entries_left: usize,
    refused_memory: bool,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory: limits.memory,
            memory_left: limits.memory,
            entries_left: limits.table_entries,
            refused_memory: false,
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
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let granted = take(&mut self.memory_left, desired.saturating_sub(current));
        self.refused_memory |= !granted;
        Ok(granted)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(take(&mut self.entries_left, desired.saturating_sub(current)))
    }
}

fn take(left: &mut usize, wanted: usize) -> bool {
    match left.checked_sub(wanted) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_memories_share_one_limit() {
        let mut limiter = Limiter::new(&Limits { memory: 300, ..Limits::default() });
        assert!(limiter.memory_growing(0, 200, None).unwrap());
        assert!(limiter.memory_growing(0, 100, None).unwrap());
        assert_eq!(limiter.refused_memory(), None);
        assert!(!limiter.memory_growing(200, 201, None).unwrap());
        assert_eq!(limiter.refused_memory(), Some(300));
    }
}
