//! Limits the memory of an initialisation, over all of its memories, and the entries of its tables.

use wasmtime::ResourceLimiter;

use super::MEMORY;

/// The most entries of its tables, each of which takes eight bytes. A large Go program has some 60,000 functions.
const ENTRIES: usize = 1 << 20;

/// The memory and table entries that an initialisation has taken.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    /// The size of all memories, in bytes.
    memory: usize,
    /// The number of entries of all tables.
    entries: usize,
    /// The request that was rejected.
    refused: Option<String>,
}

impl Bounds {
    /// The reason of a failure. A rejected request is the likely cause.
    pub(super) fn because(&self, reason: String) -> String {
        match &self.refused {
            Some(refused) => format!("{reason}; {refused}"),
            None => reason,
        }
    }
}

impl ResourceLimiter for Bounds {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let all = self.memory.saturating_add(desired.saturating_sub(current));
        if all > MEMORY {
            let most = MEMORY >> 20;
            self.refused = Some(format!("it asked for more than the {most} MiB of memory that it may have"));
            return Ok(false);
        }
        self.memory = all;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let all = self.entries.saturating_add(desired.saturating_sub(current));
        if all > ENTRIES {
            self.refused = Some(format!("it asked for tables of more than {ENTRIES} entries"));
            return Ok(false);
        }
        self.entries = all;
        Ok(true)
    }
}
