use std::io;
use std::path::{Path, PathBuf};

/// The reason why a component could not be built. Each is one line, as `cargo::error` shows it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The guest's folder cannot be read.
    #[error("cannot read the guest's folder {}: {source}", folder.display())]
    Folder {
        /// The folder, as given.
        folder: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A variable that cargo sets for build scripts is missing.
    #[error("{variable} is not set: the guest can be built only from a build script")]
    NoBuildScript {
        /// The variable's name.
        variable: &'static str,
    },
    /// A program does not start.
    #[error("cannot start {}: {source}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The compiler has no standard library for the guest's target.
    #[error("the Rust target {target} is missing: run `{remedy}`")]
    Target {
        /// The target.
        target: &'static str,
        /// The command that installs it.
        remedy: String,
    },
    /// Cargo failed to build the component. Its messages are on standard error.
    #[error("cannot build the guest {name} in {}: see cargo's messages below", folder.display())]
    Guest {
        /// The guest's name.
        name: String,
        /// The guest's folder.
        folder: PathBuf,
    },
    /// The component cannot be copied to its final path.
    #[error("cannot copy the component {}: {source}", path.display())]
    Copy {
        /// The path at which the compiler should have written it.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl BuildError {
    pub(crate) fn folder(folder: &Path, source: io::Error) -> Self {
        let folder = folder.to_owned();
        Self::Folder { folder, source }
    }

    pub(crate) fn start(program: &Path, source: io::Error) -> Self {
        let program = program.to_owned();
        Self::Start { program, source }
    }
}
