//! Maps a compiled component into memory. It is machine code, which cannot be checked: the caller vouches for it.
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

/// Machine code that the caller vouches for.
pub(crate) struct Code<'a>(Place<'a>);

enum Place<'a> {
    File(&'a Path),
    Memory(&'a [u8]),
}

impl Code<'_> {
    /// Maps the code for `engine`. Wasmtime checks only its header: version, architecture and settings.
    pub(crate) fn map(&self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: the callers of `Runtime::load` and `Runtime::load_bytes` promise what wasmtime requires, and a `Code`
        // is created only there.
        unsafe {
            match self.0 {
                Place::File(path) => Component::deserialize_file(engine, path),
                Place::Memory(bytes) => Component::deserialize(engine, bytes),
            }
        }
    }

    /// The kind of the file, for code that wasmtime rejects.
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
    /// The file is machine code, and wasmtime checks only its header. It must be the output of [`crate::compile`]
    /// (`funcserver build`), and it must not be written to or truncated while the guest or a clone of it exists.
    ///
    /// # Errors
    /// The file is missing, is something else, was compiled for another host, or does not handle `wasi:http`.
    pub unsafe fn load(&self, path: &Path, options: GuestOptions) -> Result<Guest, LoadError> {
        Guest::of(&Code(Place::File(path)), self, options).map_err(|reason| LoadError::new(path, reason))
    }

    /// Maps and links a copy of the compiled component in `bytes`. Errors name it `path`, which is not opened.
    ///
    /// # Safety
    /// The bytes are machine code, and wasmtime checks only their header. They must be the output of
    /// [`crate::compile`].
    ///
    /// # Errors
    /// The bytes are something else, were compiled for another host, or do not handle `wasi:http`.
    pub unsafe fn load_bytes(&self, path: &Path, bytes: &[u8], options: GuestOptions) -> Result<Guest, LoadError> {
        Guest::of(&Code(Place::Memory(bytes)), self, options).map_err(|reason| LoadError::new(path, reason))
    }
}

#[cfg(all(test, feature = "compile"))]
impl<'a> Code<'a> {
    /// The same code as a file and in memory. Only for tests, which compile the code themselves.
    pub(crate) fn both(path: &'a Path, bytes: &'a [u8]) -> [Self; 2] {
        [Self(Place::File(path)), Self(Place::Memory(bytes))]
    }
}
