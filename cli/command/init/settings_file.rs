//! Writes a new `funcserver.toml`.

use std::fs::OpenOptions;
use std::io::Write as _;

use anyhow::{Context as _, Result};

use crate::project::FILE;

/// Writes the file, if there is none.
pub(super) fn write(text: &str) -> Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).open(FILE);
    file.and_then(|mut file| file.write_all(text.as_bytes())).with_context(|| format!("cannot write {FILE}"))
}
