//! Reads the entries of a folder on demand. Wasmtime would read all of them at once, or block a thread.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;
use tokio::sync::oneshot;
use wasmtime::StoreContextMut;
use wasmtime::component::{Destination, StreamProducer, StreamResult, VecBuffer};
use wasmtime_wasi::p3::bindings::filesystem::types::{DescriptorType, DirectoryEntry, ErrorCode};

use crate::state::State;

/// The most entries that are delivered at a time.
const AT_ONCE: usize = 32;

/// A folder that is being read.
pub(crate) struct Listing {
    folder: Dir,
    /// The folder is counted as open until this is dropped.
    pub(crate) open: Arc<()>,
}

/// An entry: its name and its type.
pub(crate) type Entry = (String, FileType);

impl Listing {
    /// The size of its buffer, in bytes.
    pub(crate) const BYTES: usize = 16 << 10;

    /// Lists an open folder.
    ///
    /// # Errors
    /// It is not a folder, or too many files are open.
    pub(crate) fn of(folder: &std::fs::File) -> Result<Self, Errno> {
        // The handle may have been opened with `O_PATH`, so it cannot be read.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = Dir::new(openat(folder, ".", flags, Mode::empty())?)?;
        Ok(Self { folder, open: Arc::new(()) })
    }

    /// The next entry, or `None` after the last.
    ///
    /// # Errors
    /// The folder cannot be read, or a name is not UTF-8 (`ILSEQ`).
    pub(crate) fn next(&mut self) -> Option<Result<Entry, Errno>> {
        loop {
            let entry = match self.folder.read()? {
                Ok(entry) => entry,
                Err(error) => return Some(Err(error)),
            };
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let Ok(text) = name.to_str() else { return Some(Err(Errno::ILSEQ)) };
            let kind = match entry.file_type() {
                // Some file systems do not report the type here.
                FileType::Unknown => {
                    match self.folder.fd().and_then(|fd| statat(fd, name, AtFlags::SYMLINK_NOFOLLOW)) {
                        Ok(stat) => FileType::from_raw_mode(stat.st_mode),
                        Err(error) => return Some(Err(error)),
                    }
                }
                kind => kind,
            };
            return Some(Ok((text.to_owned(), kind)));
        }
    }
}

/// A listing as a stream of 0.3, with the sender that reports its end.
pub(crate) struct Entries {
    listing: Listing,
    ended: Option<oneshot::Sender<Result<(), ErrorCode>>>,
}

impl Entries {
    pub(crate) fn new(listing: Listing, ended: oneshot::Sender<Result<(), ErrorCode>>) -> Self {
        Self { listing, ended: Some(ended) }
    }

    fn end(&mut self, result: Result<(), ErrorCode>) {
        if let Some(ended) = self.ended.take() {
            // The receiver may have been dropped.
            let _ = ended.send(result);
        }
    }
}

impl Drop for Entries {
    fn drop(&mut self) {
        self.end(Ok(()));
    }
}

impl StreamProducer<State> for Entries {
    type Item = DirectoryEntry;
    type Buffer = VecBuffer<DirectoryEntry>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut store: StoreContextMut<'a, State>,
        mut destination: Destination<'a, Self::Item, Self::Buffer>,
        _: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        // A read with no room only asks whether entries are available. The guest learns that with its next read.
        let room = destination.remaining(&mut store).unwrap_or(AT_ONCE).min(AT_ONCE);
        let mut entries = Vec::with_capacity(room);
        while entries.len() < room {
            let end = match self.listing.next() {
                Some(Ok((name, kind))) => {
                    entries.push(DirectoryEntry { type_: type_of(kind), name });
                    continue;
                }
                Some(Err(error)) => Err(std::io::Error::from(error).into()),
                None => Ok(()),
            };
            self.end(end);
            destination.set_buffer(entries.into());
            return Poll::Ready(Ok(StreamResult::Dropped));
        }
        destination.set_buffer(entries.into());
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

fn type_of(kind: FileType) -> DescriptorType {
    match kind {
        FileType::RegularFile => DescriptorType::RegularFile,
        FileType::Directory => DescriptorType::Directory,
        FileType::Symlink => DescriptorType::SymbolicLink,
        FileType::Fifo => DescriptorType::Fifo,
        FileType::Socket => DescriptorType::Socket,
        FileType::CharacterDevice => DescriptorType::CharacterDevice,
        FileType::BlockDevice => DescriptorType::BlockDevice,
        FileType::Unknown => DescriptorType::Other(None),
    }
}
