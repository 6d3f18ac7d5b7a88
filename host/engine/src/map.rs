//! Maps a compiled component into memory. It is machine code, which nothing can check: whoever has it loaded vouches for it.
#![allow(unsafe_code)]

use std::fs;
use std::io;
use std::path::Path;

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::file_kind::FileKind;
use crate::guest::{Guest, GuestOptions};
use crate::load_error::LoadError;
use crate::runtime::Runtime;

/// Machine code that somebody has vouched for.
pub(crate) struct Code<'a>(Place<'a>);

enum Place<'a> {
    File(&'a Path),
    Memory(&'a [u8]),
}

impl Code<'_> {
    /// Maps it for `engine`. wasmtime checks its header alone: version, architecture and settings.
    pub(crate) fn map(&self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: what wasmtime asks for is what the callers of `Runtime::load` and `Runtime::load_bytes` have promised, and
        // nothing else makes a `Code`.
        unsafe {
            match self.0 {
                Place::File(path) => Component::deserialize_file(engine, path),
                Place::Memory(bytes) => Component::deserialize(engine, bytes),
            }
        }
    }

    /// What it looks like, where wasmtime refuses it.
    pub(crate) fn kind(&self) -> io::Result<FileKind> {
        match self.0 {
            Place::File(path) => fs::read(path).map(|bytes| FileKind::of(&bytes)),
            Place::Memory(bytes) => Ok(FileKind::of(bytes)),
        }
    }
}

impl Runtime {
    /// Maps and links the compiled component at `path`.
    ///
    /// # Safety
    /// The file is machine code, and wasmtime checks only its header. It must be what [`crate::compile`] made
    /// (`funcserver build`), and nobody may write to it or truncate it for as long as the guest or a clone of it lives.
    ///
    /// # Errors
    /// The file is missing, is something else, was compiled for another host, or does not handle `wasi:http`.
    pub unsafe fn load(&self, path: &Path, options: GuestOptions) -> Result<Guest, LoadError> {
        Guest::of(&Code(Place::File(path)), self, options).map_err(|reason| LoadError::new(path, reason))
    }

    /// Maps and links a copy of the compiled component in `bytes`. Errors call it `path`, which is not opened.
    ///
    /// # Safety
    /// The bytes are machine code, and wasmtime checks only their header. They must be what [`crate::compile`] made.
    ///
    /// # Errors
    /// They are something else, were compiled for another host, or do not handle `wasi:http`.
    pub unsafe fn load_bytes(&self, path: &Path, bytes: &[u8], options: GuestOptions) -> Result<Guest, LoadError> {
        Guest::of(&Code(Place::Memory(bytes)), self, options).map_err(|reason| LoadError::new(path, reason))
    }
}

#[cfg(all(test, feature = "compile"))]
impl<'a> Code<'a> {
    /// The same code in a file and in memory. For tests alone, which compile what they map.
    pub(crate) fn both(path: &'a Path, bytes: &'a [u8]) -> [Self; 2] {
        [Self(Place::File(path)), Self(Place::Memory(bytes))]
    }
}
