//! The zip that Lambda unpacks. The same entries give the same bytes: their order is the caller's, and timestamps,
//! modes and compression are fixed.

use std::io::{Cursor, Write as _};

use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The program that Lambda starts: the first file of a function's zip.
pub(crate) const BOOTSTRAP: &str = "bootstrap";

/// One file of a zip.
#[derive(Debug)]
pub(crate) struct ZipEntry<'a> {
    /// Its path in the zip, with `/` between folders.
    pub(crate) name: &'a str,
    /// Its content.
    pub(crate) bytes: &'a [u8],
    /// Whether it is a program: mode 0755, else 0644.
    pub(crate) executable: bool,
}

impl<'a> ZipEntry<'a> {
    /// A file to read.
    pub(crate) fn file(name: &'a str, bytes: &'a [u8]) -> ZipEntry<'a> {
        ZipEntry { name, bytes, executable: false }
    }

    /// A file to run.
    pub(crate) fn program(name: &'a str, bytes: &'a [u8]) -> ZipEntry<'a> {
        ZipEntry { name, bytes, executable: true }
    }
}

/// Whether a file starts like a zip that [`pack`] made for a function: with its bootstrap (APPNOTE.TXT, section 4.3.7).
pub(crate) fn is_function(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") && bytes.get(30..).is_some_and(|rest| rest.starts_with(BOOTSTRAP.as_bytes()))
}

/// Packs `entries` in their order.
pub(crate) fn pack(entries: &[ZipEntry<'_>]) -> ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for entry in entries {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(if entry.executable { 0o755 } else { 0o644 });
        zip.start_file(entry.name, options)?;
        zip.write_all(entry.bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}
