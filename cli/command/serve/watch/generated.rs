//! Detects sources that the build command itself writes. Without this, each build would trigger the next one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A file that has changed during this many builds in a row was written by the build, not by the user.
const BUILDS: u32 = 3;

/// The generated files, and the candidates.
#[derive(Debug, Default)]
pub(super) struct Generated {
    known: BTreeSet<PathBuf>,
    /// The number of builds in a row that changed each file.
    suspects: BTreeMap<PathBuf, u32>,
}

impl Generated {
    /// Whether the build writes this file.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.known.contains(path)
    }

    /// Counts the files that have changed during a build, and returns the newly detected ones.
    pub(super) fn count(&mut self, changed: Vec<PathBuf>) -> Vec<PathBuf> {
        let counted = changed.into_iter().filter(|path| !self.known.contains(path));
        let suspects: BTreeMap<_, _> = counted
            .map(|path| (self.suspects.get(&path).unwrap_or(&0) + 1, path))
            .map(|(count, path)| (path, count))
            .collect();
        let (found, suspects) = suspects.into_iter().partition(|(_, count)| *count >= BUILDS);
        self.suspects = suspects;
        let found: BTreeMap<PathBuf, u32> = found;
        self.known.extend(found.keys().cloned());
        found.into_keys().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_with_three_builds_in_a_row_is_generated() {
        let mut generated = Generated::default();
        let mut build = |changed: &[&str]| generated.count(changed.iter().map(PathBuf::from).collect());
        assert!(build(&["made", "edited"]).is_empty());
        assert!(build(&["made"]).is_empty());
        assert_eq!(build(&["made", "edited"]), [Path::new("made")]);
        assert!(build(&["made", "edited"]).is_empty());
        assert!(generated.has(Path::new("made")) && !generated.has(Path::new("edited")));
    }
}
