//! Snapshots of files, to detect changes by polling.
//!
//! Polling costs a few milliseconds for a thousand files, and works on every file system. Notifications of the system
//! would have to be requested for each folder to exclude `target/`, and network and container mounts would still need
//! polling.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::cache::sha256;
use crate::input;
use crate::size::Size;

/// Larger files are not read: only their time and length are compared.
const READ: Size = Size(1 << 20);

/// If a file was written this recently, a second write may leave its time unchanged.
const RECENT: Duration = Duration::from_secs(1);

/// The state of files at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Snapshot(BTreeMap<PathBuf, Seen>);

#[derive(Debug, Clone)]
struct Seen {
    modified: SystemTime,
    length: u64,
    /// A hash of the content, if it was read.
    content: Option<String>,
}

impl Snapshot {
    /// Takes a snapshot of `files`. A file with the same time and length as in `before` is not read again.
    pub(super) fn of(files: impl IntoIterator<Item = PathBuf>, before: &Snapshot) -> Snapshot {
        let seen = files.into_iter().filter_map(|path| {
            let seen = Seen::of(&path, before.0.get(&path))?;
            Some((path, seen))
        });
        Snapshot(seen.collect())
    }

    /// The files that were added, removed or changed since.
    pub(super) fn changes(&self, since: &Snapshot) -> Vec<PathBuf> {
        let new = self.0.iter().filter(|(path, seen)| since.0.get(*path) != Some(seen));
        let gone = since.0.iter().filter(|(path, _)| !self.0.contains_key(*path));
        new.chain(gone).map(|(path, _)| path.clone()).collect()
    }
}

impl Seen {
    fn of(path: &Path, before: Option<&Seen>) -> Option<Seen> {
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        let (modified, length) = (metadata.modified().ok()?, metadata.len());
        let recent = modified.elapsed().is_ok_and(|age| age < RECENT);
        if let Some(before) = before.filter(|before| before.modified == modified && before.length == length && !recent)
        {
            return Some(before.clone());
        }
        let content = (length <= READ.0)
            .then(|| input::bounded(fs::File::open(path).ok()?, READ).ok())
            .flatten()
            .map(|bytes| sha256(&bytes));
        Some(Seen { modified, length, content })
    }
}

/// A file that was rewritten with the same content has not changed.
impl PartialEq for Seen {
    fn eq(&self, other: &Seen) -> bool {
        match (&self.content, &other.content) {
            (Some(one), Some(other)) => one == other,
            _ => (self.modified, self.length) == (other.modified, other.length),
        }
    }
}

impl Eq for Seen {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources;
    use crate::sources::tests::project;

    #[test]
    fn changes_are_of_content() {
        let project = project(&["same", "changed", "gone"]);
        let path = |name| project.path().join(name);
        let look = |before: &Snapshot| Snapshot::of(sources::of(project.path()), before);
        let before = look(&Snapshot::default());
        assert!(look(&before).changes(&before).is_empty());
        fs::write(path("same"), "same").unwrap();
        fs::write(path("changed"), "CHANGED").unwrap();
        fs::write(path("new"), "").unwrap();
        fs::remove_file(path("gone")).unwrap();
        assert_eq!(look(&before).changes(&before), ["changed", "new", "gone"].map(path));
    }
}
