//! Sizes for people: in decimal units, and binary ones beside Lambda's limits, which are binary.

use std::fmt;

/// A number of bytes; shown as `12 B`, `132 kB` or `8.1 MB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size(pub(crate) u64);

/// The largest function that Lambda unpacks (Lambda developer guide, "Lambda quotas").
pub(crate) const UNZIPPED: Size = Size(250 << 20);

impl Size {
    /// The size of something in memory.
    pub(crate) fn of(bytes: &[u8]) -> Size {
        Size(bytes.len() as u64)
    }

    /// The size in MiB, as Lambda states its limits.
    pub(crate) fn mebibytes(self) -> String {
        format!("{:.1} MiB", self.0 as f64 / f64::from(1 << 20))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes @ ..1_000 => write!(f, "{bytes} B"),
            bytes @ ..999_500 => write!(f, "{:.0} kB", bytes as f64 / 1e3),
            bytes => write!(f, "{:.1} MB", bytes as f64 / 1e6),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, expected) in
            [(0, "0 B"), (999, "999 B"), (132_400, "132 kB"), (999_999, "1.0 MB"), (8_100_000, "8.1 MB")]
        {
            assert_eq!(Size(bytes).to_string(), expected);
        }
        assert_eq!(Size(50 << 20).mebibytes(), "50.0 MiB");
    }
}
