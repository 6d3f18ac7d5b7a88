//! Reads files with a size limit, because a path may lead to a device without an end. Remembers each file, so that no
//! output overwrites it.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::OFlags;

use crate::size::Size;

/// The largest component that is read, compiled or not.
pub(crate) const COMPONENT: Size = Size(512 << 20);

/// The largest event, body and reply that is read. Lambda's limit is 6 MB (Lambda developer guide, "Lambda quotas").
pub(crate) const EVENT: Size = Size(16 << 20);

/// The largest `funcserver.toml` that is read.
pub(crate) const SETTINGS: Size = Size(1 << 20);

/// The files that were read, by their identity, because a file may have several names.
static READ: Mutex<BTreeMap<Id, PathBuf>> = Mutex::new(BTreeMap::new());

/// The identity of a file: its file system, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Id(u64, u64);

impl Id {
    fn of(metadata: &Metadata) -> Id {
        Id(metadata.dev(), metadata.ino())
    }
}

/// Reads the file that `path` leads to.
///
/// # Errors
/// Those of the system, and [`io::ErrorKind::FileTooLarge`] if there is more than `most`.
pub(crate) fn read(path: &Path, most: Size) -> io::Result<Vec<u8>> {
    read_open(File::open(path)?, path, most)
}

/// Reads the file `path` itself: no link, no folder, no device.
///
/// # Errors
/// As those of [`read`].
pub(crate) fn read_plain(path: &Path, most: Size) -> io::Result<Vec<u8>> {
    // If the file is a pipe, opening it must not wait for a writer.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    read_open(file, path, most)
}

fn read_open(file: File, path: &Path, most: Size) -> io::Result<Vec<u8>> {
    let metadata = file.metadata()?;
    if metadata.is_file() {
        remember(path, &metadata);
    }
    bounded(file, most)
}

/// Reads to the end.
///
/// # Errors
/// As those of [`read`].
pub(crate) fn bounded(from: impl Read, most: Size) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most.0.saturating_add(1)).read_to_end(&mut bytes)?;
    if Size::of(&bytes) > most {
        let error = format!("it has more than {}, the limit", most.mebibytes());
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, error));
    }
    Ok(bytes)
}

/// Remembers a file that this process has read, or written and must not overwrite.
pub(crate) fn remember(path: &Path, metadata: &Metadata) {
    all().insert(Id::of(metadata), path.to_owned());
}

/// The path by which the file with that metadata was read, if it was.
pub(crate) fn read_as(metadata: &Metadata) -> Option<PathBuf> {
    let id = Id::of(metadata);
    let path = all().get(&id).cloned()?;
    // The number of a removed file may be reused.
    fs::metadata(&path).is_ok_and(|now| Id::of(&now) == id).then_some(path)
}

fn all() -> MutexGuard<'static, BTreeMap<Id, PathBuf>> {
    READ.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn no_more_than_the_bound_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read(&path, Size(5)).unwrap(), b"12345");
        assert_eq!(read(&path, Size(4)).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        let endless = read(Path::new("/dev/zero"), Size(1 << 20)).unwrap_err();
        assert!(endless.to_string().contains("more than 1.0 MiB"), "{endless}");
    }

    #[test]
    fn a_file_is_remembered_under_all_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        fs::write(path("a"), "").unwrap();
        fs::write(path("other"), "").unwrap();
        symlink("a", path("link")).unwrap();
        fs::hard_link(path("a"), path("hard")).unwrap();
        read(&path("link"), Size(0)).unwrap();
        for name in ["a", "link", "hard", "./a"] {
            assert_eq!(read_as(&fs::metadata(path(name)).unwrap()), Some(path("link")), "{name}");
        }
        assert_eq!(read_as(&fs::metadata(path("other")).unwrap()), None);
    }

    #[test]
    fn what_is_no_plain_file_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        fs::write(path("a"), "").unwrap();
        symlink("a", path("link")).unwrap();
        symlink("/dev/zero", path("zero")).unwrap();
        assert!(read_plain(&path("a"), Size(0)).is_ok());
        for name in ["link", "zero", ""] {
            assert!(read_plain(&path(name), Size(9)).is_err(), "{name}");
        }
        assert!(read_plain(Path::new("/dev/zero"), Size(9)).is_err());
    }
}
