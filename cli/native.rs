//! Loads machine code into this process.

use std::path::Path;

use anyhow::{Result, anyhow};
use funcserver_engine::{Guest, GuestOptions, Limits, MissingImports, Network, Runtime};
use funcserver_function::artifact::Artifact;

/// Loads the compiled component with the content `bytes`. Errors call it `path`, but the file is not opened again, so
/// that the checked bytes are those that run.
///
/// # Errors
/// It does not fit this host, or is not a handler.
#[expect(unsafe_code)]
pub(crate) fn load(runtime: &Runtime, path: &Path, bytes: &[u8], options: GuestOptions) -> Result<Guest> {
    // SAFETY: this program compiled it, as the hash in its cache shows, or the user names it as a compiled component.
    unsafe { runtime.load_bytes(path, bytes, options) }.map_err(|error| anyhow!("{error}"))
}

/// The guest whose content is `bytes`, loaded without anything that it would be given, to look at it. Only loading tells
/// whether a component was compiled with the settings of this program.
///
/// # Errors
/// If it does not fit this host, or is no handler.
pub(crate) fn check(path: &Path, bytes: &[u8], facts: Option<&Artifact>, missing: MissingImports) -> Result<Guest> {
    let options = GuestOptions { calls: facts.and_then(Artifact::calls), missing, ..GuestOptions::default() };
    // It may need more memory than a function has by default: a setting of the function's decides about that.
    let limits = Limits { memory: 4 << 30, ..Limits::default() };
    load(&Runtime::new(limits, &Network::default()), path, bytes, options)
}
