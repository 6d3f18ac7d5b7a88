//! Files among the sources that the build command itself writes: each build would ask for the next one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// After so many builds in a row during each of which a file has changed, the build has done it, and not its user.
const BUILDS: u32 = 3;

/// What is known of them.
#[derive(Debug, Default)]
pub(super) struct Generated {
    known: BTreeSet<PathBuf>,
    /// How many builds in a row changed it.
    suspects: BTreeMap<PathBuf, u32>,
}

impl Generated {
    /// Whether the build writes this file.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.known.contains(path)
    }

    /// Counts the files that have changed during a build, and returns those that are known from now on.
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
