//! Maps a compiled component into memory. All unsafe code of the project is in this file.
#![allow(unsafe_code)]

use std::path::Path;

use wasmtime::Engine;
use wasmtime::component::Component;

/// Maps the compiled component at `path`.
///
/// wasmtime checks its header: version, architecture and settings. The code itself is machine code and is trusted as
/// much as the executable that runs it: what made the file (`funcserver build`) and what carries it (the zip) decide.
pub(crate) fn component(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the file is one that `compile` made, as the documentation of `Guest::load` demands of the caller, and
    // nobody writes to it while it is mapped: Lambda's task root is read-only, and the tool replaces files by renaming,
    // never in place.
    unsafe { Component::deserialize_file(engine, path) }
}
