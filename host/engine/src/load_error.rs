//! The reasons why a component cannot be loaded, with a remedy.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::WASMTIME_VERSION;
use crate::file_kind::{FileKind, Precompiled};
use crate::map::Code;
use crate::world::Misfit;

/// The reason why a file cannot be used as a compiled component.
#[derive(Debug)]
pub struct LoadError {
    path: PathBuf,
    reason: Reason,
}

impl LoadError {
    pub(crate) fn new(path: &Path, reason: Reason) -> Self {
        Self { path: path.to_owned(), reason }
    }
}

#[derive(Debug)]
pub(crate) enum Reason {
    Read(io::Error),
    Kind(FileKind),
    Unfit { found: Precompiled, error: String },
    Misfit(Misfit),
    Link(wasmtime::Error),
    Engine(wasmtime::Error),
    Memory { needs: u64, limit: usize },
    OneAtATime { concurrent: usize },
    TooFew { concurrent: usize, requests: usize },
}

impl Reason {
    /// Examines code that wasmtime rejected, and finds the reason for it.
    pub(crate) fn of_refused(code: &Code<'_>, error: wasmtime::Error) -> Self {
        match code.kind() {
            Err(error) => Self::Read(error),
            Ok(FileKind::Precompiled(found)) => Self::Unfit { found, error: format!("{error:#}") },
            Ok(kind) => Self::Kind(kind),
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.reason {
            Reason::Read(error) => write!(f, "cannot read the component {path}: {error}"),
            Reason::Kind(kind) => {
                write!(f, "{path} is {}; expected a component compiled by `funcserver build`", kind.describe())?;
                match kind {
                    FileKind::Component => write!(f, ": run `funcserver build {path}`"),
                    _ => Ok(()),
                }
            }
            Reason::Unfit { found, error } => {
                let version = found.version.as_deref().unwrap_or("of an unknown version");
                write!(
                    f,
                    "{path} was compiled by wasmtime {version} for {}, but this host has wasmtime {WASMTIME_VERSION} \
                     on {} ({error}): compile it again with the `funcserver build` of this version{}",
                    found.arch,
                    std::env::consts::ARCH,
                    arch_option(found.arch),
                )
            }
            Reason::Misfit(misfit) => write!(f, "{path} cannot run here: {misfit}"),
            Reason::Link(error) => write!(f, "{path} cannot be linked: {error:#}"),
            Reason::Memory { needs, limit } => write!(
                f,
                "{path} starts with {needs} bytes of memory, but its limit is {limit}: set limits.memory \
                 (FUNCSERVER_LIMITS_MEMORY), or give the function more memory"
            ),
            Reason::OneAtATime { concurrent } => write!(
                f,
                "{path} uses wasi:http 0.2, whose instances serve one request at a time, but guest.concurrent is \
                 {concurrent}: set it to 1 (FUNCSERVER_GUEST_CONCURRENT), or build the component for wasi:http 0.3"
            ),
            Reason::TooFew { concurrent, requests } => write!(
                f,
                "guest.concurrent is {concurrent}, but an instance serves only {requests} requests in all \
                 (guest.reuse): set guest.reuse (FUNCSERVER_GUEST_REUSE) to {concurrent} or more"
            ),
            Reason::Engine(error) => write!(f, "wasmtime cannot start: {error:#}"),
        }
    }
}

/// The option that compiles for this machine, if the architecture differs.
fn arch_option(found: &str) -> &'static str {
    match (found, std::env::consts::ARCH) {
        (found, host) if found == host => "",
        (_, "x86_64") => " and `--arch x86_64`",
        (_, "aarch64") => " and `--arch arm64`",
        _ => "",
    }
}

impl std::error::Error for LoadError {}
