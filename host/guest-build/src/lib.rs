#![forbid(unsafe_code)]
//! Compiles a guest crate into a component from within a build script.
//!
//! A build script runs inside one `cargo` and starts another. The two must not share the target folder, because the
//! second would wait forever for the lock of the first. They must not share flags and wrappers either: clippy would
//! lint the guest, and `-C target-cpu` would break it.

mod cargo;
mod environment;
mod error;
mod key;
mod library;
mod target;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

pub use error::BuildError;

/// A crate in its own workspace, with a lock file, that compiles to one `cdylib` component.
#[derive(Debug, Clone, Copy)]
pub struct GuestCrate<'a> {
    /// The crate's folder, relative to the package whose build script runs.
    pub folder: &'a Path,
    /// The crate's name, as in its `Cargo.toml`.
    pub name: &'a str,
    /// The enabled features of the crate.
    pub features: &'a [&'a str],
    /// Files and folders outside the crate's folder that it is built from.
    pub shared: &'a [&'a Path],
}

/// The `main` of a build script. It compiles the guests and sets the environment variable next to each guest to the
/// absolute path of its component, for `include_bytes!(env!("…"))`. Cargo runs the script again when a file of a guest
/// changes. A component is built only if its inputs have changed since, whatever made cargo run the script.
pub fn hand_over(guests: &[(&str, GuestCrate<'_>)]) -> ExitCode {
    for (variable, guest) in guests {
        match component(guest) {
            Ok(path) => println!("cargo::rustc-env={variable}={}", path.display()),
            Err(error) => return report(&error),
        }
    }
    ExitCode::SUCCESS
}

/// Reports an error to the user. After `cargo::error`, a script that succeeds shows only that line, and a script that
/// fails shows its whole output. The output is useful only if it contains messages of the compiler.
fn report(error: &BuildError) -> ExitCode {
    println!("cargo::error={error}");
    match error {
        BuildError::Guest { .. } => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

fn component(guest: &GuestCrate<'_>) -> Result<PathBuf, BuildError> {
    for input in inputs(guest).map_err(|error| BuildError::folder(guest.folder, error))? {
        println!("cargo::rerun-if-changed={}", input.display());
    }
    cargo::Cargo::of_build_script(env::vars_os())?.build(guest)
}

/// The files and folders of the guest, without those that a manual build creates. Cargo searches folders recursively.
fn inputs(guest: &GuestCrate<'_>) -> io::Result<Vec<PathBuf>> {
    let mut inputs: Vec<_> = guest.shared.iter().map(PathBuf::from).collect();
    for entry in fs::read_dir(guest.folder)? {
        let entry = entry?;
        if entry.file_name() != "target" && entry.file_name() != "build-output" {
            inputs.push(entry.path());
        }
    }
    inputs.sort();
    Ok(inputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest_in(folder: &Path) -> GuestCrate<'_> {
        GuestCrate { folder, name: "guest", features: &[], shared: &[] }
    }

    #[test]
    fn the_inputs_exclude_build_products() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["src", "target", "build-output"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for name in ["Cargo.toml", "Cargo.lock"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let names: Vec<_> =
            inputs(&guest_in(folder.path())).unwrap().iter().map(|path| path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["Cargo.lock", "Cargo.toml", "src"]);
    }

    #[test]
    fn a_guest_without_a_folder_is_an_error() {
        let error = inputs(&guest_in(Path::new("no/such/guest"))).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
