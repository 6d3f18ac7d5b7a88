//! Maps a compiled component into memory. It is machine code, which nothing can check: whoever has it loaded vouches for it.
#![allow(unsafe_code)]

use std::fs;
use std::io;
use std::path::Path;

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::file_kind::FileKind;
use crate::guest::{Guest, Options};
use crate::load_error::LoadError;

/// Machine code that somebody has vouched for.
pub(crate) struct Code<'a>(Place<'a>);

enum Place<'a> {
    File(&'a Path),
    Memory(&'a [u8]),
}

impl Code<'_> {
    /// Maps it for `engine`. wasmtime checks its header alone: version, architecture and settings.
    pub(crate) fn map(&self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: what wasmtime asks for is what the callers of `Guest::load` and `Guest::load_bytes` have promised, and
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

impl Guest {
    /// Maps and links the compiled component at `path`.
    ///
    /// # Safety
    /// The file is machine code, and wasmtime checks only its header. It must be what [`crate::compile`] made
    /// (`funcserver build`), and nobody may write to it or truncate it for as long as the guest or a clone of it lives.
    ///
    /// # Errors
    /// The file is missing, is something else, was compiled for another host, or does not handle `wasi:http`.
    pub unsafe fn load(path: &Path, options: impl Into<Options>) -> Result<Self, LoadError> {
        Self::of(&Code(Place::File(path)), options.into()).map_err(|reason| LoadError::new(path, reason))
    }

    /// Maps and links a copy of the compiled component in `bytes`. Errors call it `path`, which is not opened.
    ///
    /// # Safety
    /// The bytes are machine code, and wasmtime checks only their header. They must be what [`crate::compile`] made.
    ///
    /// # Errors
    /// They are something else, were compiled for another host, or do not handle `wasi:http`.
    pub unsafe fn load_bytes(path: &Path, bytes: &[u8], options: impl Into<Options>) -> Result<Self, LoadError> {
        Self::of(&Code(Place::Memory(bytes)), options.into()).map_err(|reason| LoadError::new(path, reason))
    }
}

#[cfg(all(test, feature = "compile"))]
mod tests {
    use funcserver_test_guest::{WASM, WASM_P3};

    use super::*;
    use crate::config::{self, Calls};
    use crate::guest::{map, map_with};
    use crate::limits::Limits;

    #[test]
    fn whatever_calls_it_was_compiled_for_an_engine_takes_it() {
        let folder = tempfile::tempdir().unwrap();
        // A component of 0.2 that was compiled for several calls at once fits too, although none is compiled so today.
        for (wasm, calls) in [(WASM, Calls::Nested), (WASM, Calls::Concurrent), (WASM_P3, Calls::Concurrent)] {
            let path = folder.path().join("guest.cwasm");
            let engine = Engine::new(&config::config(calls)).unwrap();
            let bytes = engine.precompile_component(wasm).unwrap();
            fs::write(&path, &bytes).unwrap();
            for code in [Code(Place::File(&path)), Code(Place::Memory(&bytes))] {
                assert!(map(&code, &Limits::default()).is_ok(), "{calls:?}");
                assert!(map_with(&code, config::on_demand_engine).unwrap().is_ok(), "{calls:?}");
            }
        }
    }
}
