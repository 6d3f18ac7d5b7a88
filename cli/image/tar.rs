//! An archive whose bytes depend on its files alone: owner and time are the same in each, user 0 and the beginning of
//! 1970.

use std::io;

use tar::{Builder, EntryType, Header};

/// An archive to which files and folders are appended.
pub(super) struct Tar(Builder<Vec<u8>>);

impl Tar {
    pub(super) fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    /// # Errors
    /// An archive cannot hold the name.
    pub(super) fn file(&mut self, path: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
        self.append(path, EntryType::Regular, bytes, mode)
    }

    /// # Errors
    /// As those of [`Tar::file`].
    pub(super) fn folder(&mut self, path: &str, mode: u32) -> io::Result<()> {
        self.append(&format!("{path}/"), EntryType::Directory, &[], mode)
    }

    /// # Errors
    /// None that can happen in memory.
    pub(super) fn bytes(self) -> io::Result<Vec<u8>> {
        self.0.into_inner()
    }

    fn append(&mut self, path: &str, kind: EntryType, bytes: &[u8], mode: u32) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(bytes.len() as u64);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        self.0.append_data(&mut header, path, bytes)
    }
}
