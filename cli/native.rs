//! Loads machine code into this process.

use std::path::Path;

use anyhow::{Result, anyhow};
use funcserver_engine::{Guest, Options};

/// Loads the compiled component with the content `bytes`. Errors call it `path`, but the file is not opened again, so
/// that the checked bytes are those that run.
///
/// # Errors
/// It does not fit this host, or is not a handler.
#[expect(unsafe_code)]
pub(crate) fn load(path: &Path, bytes: &[u8], options: impl Into<Options>) -> Result<Guest> {
    // SAFETY: this program compiled it, as the hash in its cache shows, or the user names it as a compiled component.
    unsafe { Guest::load_bytes(path, bytes, options) }.map_err(|error| anyhow!("{error}"))
}
