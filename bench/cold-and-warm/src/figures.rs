//! The measurements of a contender, and their summary.

use serde::Serialize;

/// The raw figures of one contender.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Figures {
    /// The time from the start of the process to its first request for an event, for each start, in nanoseconds.
    pub(crate) init_ns: Vec<u64>,
    /// The time of the first invocation after each start, in the same order.
    pub(crate) first_ns: Vec<u64>,
    /// The times of warm invocations.
    pub(crate) warm_ns: Vec<u64>,
    /// The processor time of a warm invocation, for each round.
    pub(crate) processor_ns: Vec<u64>,
    /// The sum of the peak resident memory of all processes.
    pub(crate) peak_bytes: u64,
    /// The size of its folder.
    pub(crate) disk_bytes: u64,
    /// The size of its executable, if it is a file in that folder.
    pub(crate) executable_bytes: u64,
    /// The size of its zip.
    pub(crate) zip_bytes: u64,
}

/// A number for each column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Summary {
    /// Median start, ms.
    pub(crate) init_ms: f64,
    /// Median first invocation, ms.
    pub(crate) first_ms: f64,
    /// Median of the sum of both, ms.
    pub(crate) cold_ms: f64,
    /// Median warm invocation, µs.
    pub(crate) p50_us: f64,
    /// 99th percentile of warm invocations, µs.
    pub(crate) p99_us: f64,
    /// Median processor time of a warm invocation, µs.
    pub(crate) processor_us: f64,
    /// Peak memory, MB.
    pub(crate) peak_mb: f64,
    /// Unzipped, MB.
    pub(crate) disk_mb: f64,
    /// The executable, MB.
    pub(crate) executable_mb: f64,
    /// Zipped, MB.
    pub(crate) zip_mb: f64,
}

impl Figures {
    /// Summarises the figures.
    pub(crate) fn summary(&self) -> Summary {
        let cold: Vec<u64> = self.init_ns.iter().zip(&self.first_ns).map(|(init, first)| init + first).collect();
        Summary {
            init_ms: percentile(&self.init_ns, 50) / 1e6,
            first_ms: percentile(&self.first_ns, 50) / 1e6,
            cold_ms: percentile(&cold, 50) / 1e6,
            p50_us: percentile(&self.warm_ns, 50) / 1e3,
            p99_us: percentile(&self.warm_ns, 99) / 1e3,
            processor_us: percentile(&self.processor_ns, 50) / 1e3,
            peak_mb: megabytes(self.peak_bytes),
            disk_mb: megabytes(self.disk_bytes),
            executable_mb: megabytes(self.executable_bytes),
            zip_mb: megabytes(self.zip_bytes),
        }
    }
}

/// The percentile of the values (nearest rank), or 0 if there are none.
#[expect(clippy::cast_precision_loss, reason = "nanoseconds of less than 100 days")]
pub(crate) fn percentile(values: &[u64], percent: usize) -> f64 {
    let mut values = values.to_vec();
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100).saturating_sub(1);
    values.get(rank).map_or(0.0, |value| *value as f64)
}

#[expect(clippy::cast_precision_loss, reason = "bytes of less than a petabyte")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<u64> = (1..=200).rev().collect();
        assert_eq!(percentile(&values, 50), 100.0);
        assert_eq!(percentile(&values, 99), 198.0);
        assert_eq!(percentile(&[7], 99), 7.0);
        assert_eq!(percentile(&[], 50), 0.0);
    }

    #[test]
    fn a_cold_start_is_the_sum_of_one_start() {
        let figures = Figures {
            init_ns: vec![1_000_000, 9_000_000, 2_000_000],
            first_ns: vec![9_000_000, 1_000_000, 2_000_000],
            ..Figures::default()
        };
        let summary = figures.summary();
        assert_eq!((summary.init_ms, summary.first_ms, summary.cold_ms), (2.0, 2.0, 10.0));
    }
}
