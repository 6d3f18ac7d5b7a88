//! A layer of an image: files, packed as a compressed archive. The image's file system is all its layers, one over the
//! other.

use std::collections::BTreeSet;
use std::io;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::Blob;
use super::manifest::Descriptor;
use super::tar::Tar;

/// A file, or a folder if it has no content.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// Its path from the root, without the first `/`.
    pub(super) path: String,
    pub(super) bytes: Option<&'a [u8]>,
    pub(super) mode: u32,
}

/// A packed layer.
#[derive(Debug)]
pub(super) struct Layer {
    /// The compressed archive, which is what a registry keeps.
    pub(super) compressed: Blob,
    /// The hash of the archive before its compression.
    pub(super) diff_id: String,
    /// The bytes of all its files.
    pub(super) unpacked: u64,
}

impl<'a> Entry<'a> {
    /// A file that everyone may read.
    pub(super) fn file(path: String, bytes: &'a [u8]) -> Self {
        Self { path, bytes: Some(bytes), mode: 0o644 }
    }

    /// A folder in which everyone may write files, and nobody may remove those of others.
    pub(super) fn shared_folder(path: &str) -> Self {
        Self { path: path.to_owned(), bytes: None, mode: 0o1777 }
    }
}

impl Layer {
    /// Packs entries in their order, each after the folders in which it is.
    ///
    /// # Errors
    /// A name that an archive cannot hold.
    pub(super) fn of(entries: Vec<Entry<'_>>) -> io::Result<Self> {
        let unpacked = entries.iter().filter_map(|entry| entry.bytes).map(|bytes| bytes.len() as u64).sum();
        let mut archive = Tar::new();
        let mut folders = BTreeSet::new();
        for entry in &entries {
            for (end, _) in entry.path.match_indices('/') {
                let folder = &entry.path[..end];
                if folders.insert(folder) {
                    archive.folder(folder, 0o755)?;
                }
            }
            match entry.bytes {
                Some(bytes) => archive.file(&entry.path, bytes, entry.mode)?,
                None => archive.folder(&entry.path, entry.mode)?,
            }
        }
        let archive = archive.bytes()?;
        let mut compressed = GzEncoder::new(Vec::new(), Compression::best());
        io::copy(&mut archive.as_slice(), &mut compressed)?;
        Ok(Self { compressed: Blob::of(compressed.finish()?), diff_id: Blob::of(archive).digest(), unpacked })
    }

    pub(super) fn descriptor(&self) -> Descriptor {
        Descriptor::layer(&self.compressed)
    }
}
