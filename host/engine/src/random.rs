//! Random numbers for guests: the operating system's, asked for in blocks.

use rand::TryRng;
use rand::rngs::{SysError, SysRng};

/// What is asked for at once. The host functions take four bytes at a time, and a guest that seeds its generator takes
/// thousands: Python's 2,500 bytes were as many system calls, and half of what a fresh instance took.
const BLOCK: usize = 1024;

/// A source of random numbers. Each number is given out once, and is not kept.
pub(crate) struct Random {
    block: [u8; BLOCK],
    /// How much of the block, its end, is still to be given out.
    left: usize,
}

impl Random {
    /// Nothing is asked for yet.
    pub(crate) fn new() -> Self {
        Self { block: [0; BLOCK], left: 0 }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], SysError> {
        let mut bytes = [0; N];
        self.try_fill_bytes(&mut bytes)?;
        Ok(bytes)
    }
}

impl TryRng for Random {
    type Error = SysError;

    fn try_next_u32(&mut self) -> Result<u32, SysError> {
        self.take().map(u32::from_le_bytes)
    }

    fn try_next_u64(&mut self) -> Result<u64, SysError> {
        self.take().map(u64::from_le_bytes)
    }

    fn try_fill_bytes(&mut self, wanted: &mut [u8]) -> Result<(), SysError> {
        if wanted.len() >= BLOCK {
            return SysRng.try_fill_bytes(wanted);
        }
        if wanted.len() > self.left {
            SysRng.try_fill_bytes(&mut self.block)?;
            self.left = BLOCK;
        }
        let start = BLOCK - self.left;
        let given = &mut self.block[start..start + wanted.len()];
        wanted.copy_from_slice(given);
        given.fill(0);
        self.left -= wanted.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_number_is_given_out_twice_or_kept() {
        let mut random = Random::new();
        let mut seen = HashSet::new();
        for _ in 0..3 * BLOCK {
            assert!(seen.insert(random.try_next_u64().unwrap()));
        }
        let given = BLOCK - random.left;
        assert_eq!(random.block[..given], vec![0; given]);
    }

    #[test]
    fn every_length_is_filled() {
        let mut random = Random::new();
        for length in [1, 7, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK] {
            // Of so many bytes some are no zeros, unless none is filled.
            let mut ends = [0, 0];
            for _ in 0..20 {
                let mut bytes = vec![0; length];
                random.try_fill_bytes(&mut bytes).unwrap();
                ends[0] |= bytes[0];
                ends[1] |= bytes[length - 1];
            }
            assert!(ends[0] != 0 && ends[1] != 0, "{length}");
        }
    }
}
