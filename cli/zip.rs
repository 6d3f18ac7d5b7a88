//! The zip that Lambda unpacks. The same files give the same bytes: their order is the caller's, and timestamps,
//! modes and compression are fixed.

use std::io::{Cursor, Write as _};

use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::function_file::{BOOTSTRAP, FunctionFile};

/// Whether a file starts like a zip that [`pack`] made for a function: with its bootstrap (APPNOTE.TXT, section 4.3.7).
pub(crate) fn is_function(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") && bytes.get(30..).is_some_and(|rest| rest.starts_with(BOOTSTRAP.as_bytes()))
}

/// Packs `files` in their order.
pub(crate) fn pack(files: &[FunctionFile<'_>]) -> ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(file.mode());
        zip.start_file(file.name, options)?;
        zip.write_all(file.bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}
