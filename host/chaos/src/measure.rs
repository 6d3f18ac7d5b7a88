//! The resources that a process holds.

use std::fmt;
use std::fs;
use std::path::Path;

/// The folder in which the bootstrap creates the temporary folders of its handlers.
const SCRATCH: &str = "/tmp/funcserver";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Resident memory in KiB.
    pub(crate) resident: u64,
    pub(crate) threads: u64,
    /// Open descriptors.
    pub(crate) descriptors: u64,
    /// Files and folders in the handlers' temporary folder.
    pub(crate) files: u64,
}

impl Held {
    pub(crate) fn of(process: u32) -> Self {
        Self {
            resident: resident(process),
            threads: field(process, "Threads:"),
            descriptors: fs::read_dir(format!("/proc/{process}/fd")).map_or(0, |all| all.count() as u64),
            files: entries(Path::new(SCRATCH), 0),
        }
    }

    /// Whether no value is larger than in `most`.
    pub(crate) fn is_within(&self, most: &Self) -> bool {
        self.resident <= most.resident
            && self.threads <= most.threads
            && self.descriptors <= most.descriptors
            && self.files <= most.files
    }
}

impl fmt::Display for Held {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resident, threads, descriptors, files } = self;
        write!(
            formatter,
            "{:.1} MB resident, {threads} threads, {descriptors} descriptors, {files} temporary files",
            *resident as f64 / 1024.0
        )
    }
}

/// Resident memory in KiB.
pub(crate) fn resident(process: u32) -> u64 {
    field(process, "VmRSS:")
}

/// The peak of the resident memory since the last call, in KiB.
pub(crate) fn take_peak(process: u32) -> u64 {
    let peak = field(process, "VmHWM:");
    let _ = fs::write(format!("/proc/{process}/clear_refs"), "5");
    peak
}

fn field(process: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let value = status.lines().find_map(|line| line.strip_prefix(name));
    value.and_then(|value| value.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// Stops at the depth that a path can have. Deeper entries are inside counted ones.
fn entries(folder: &Path, depth: usize) -> u64 {
    let Ok(all) = fs::read_dir(folder) else { return 0 };
    let below = |path: &Path| if depth < 100 && path.is_dir() { entries(path, depth + 1) } else { 0 };
    all.flatten().map(|entry| 1 + below(&entry.path())).sum()
}
