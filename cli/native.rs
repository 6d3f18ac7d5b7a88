//! Machine code, loaded into this process.

use std::path::Path;

use anyhow::{Result, anyhow};
use funcserver_engine::{Guest, Options};

/// Loads the compiled component whose content is `bytes`. Errors call it `path`, which is not opened again: what was checked
/// is what runs.
///
/// # Errors
/// If it does not fit this host, or is no handler.
#[expect(unsafe_code)]
pub(crate) fn load(path: &Path, bytes: &[u8], options: impl Into<Options>) -> Result<Guest> {
    // SAFETY: this program compiled it, as the hash in its cache tells, or its user names it as a compiled component.
    unsafe { Guest::load_bytes(path, bytes, options) }.map_err(|error| anyhow!("{error}"))
}
