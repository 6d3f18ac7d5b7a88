#![forbid(unsafe_code)]
//! Compiles `guest/` in three forms: one that any host can run, one with the imports that only this project's host has,
//! and one with an import that only a test build of it has. Compiles also `guest-p3/`, which uses `wasi:http` 0.3.
//! Names the compiler of components by a hash.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use funcserver_guest_build::{GuestCrate, hand_over};

/// All that decides what a component is compiled to: of the engine, `compile` and the modules that it uses. The rest of
/// the engine is not here, so that a change of it does not compile every guest again.
const COMPILER: [&str; 13] = [
    "../engine/src/compile",
    "../engine/src/compile.rs",
    "../engine/src/config.rs",
    "../engine/src/file_kind.rs",
    "../engine/src/image.rs",
    "../engine/src/nesting.rs",
    "../engine/src/target.rs",
    "../engine/src/trim",
    "../engine/src/trim.rs",
    "../engine/src/world.rs",
    "../engine/Cargo.toml",
    "../../Cargo.toml",
    "../../Cargo.lock",
];

fn main() -> ExitCode {
    match compiler() {
        Ok(hash) => println!("cargo::rustc-env=FUNCSERVER_TEST_COMPILER={hash:016x}"),
        Err(error) => {
            println!("cargo::error=cannot read the sources of funcserver-engine: {error}");
            return ExitCode::SUCCESS;
        }
    }
    let shared = [Path::new("../../wit")];
    let guest = GuestCrate { folder: Path::new("guest"), name: "test-guest", features: &[], shared: &shared };
    hand_over(&[
        ("FUNCSERVER_TEST_GUEST", guest),
        ("FUNCSERVER_TEST_GUEST_HOST_IMPORTS", GuestCrate { features: &["host-imports"], ..guest }),
        ("FUNCSERVER_TEST_GUEST_BLOCK", GuestCrate { features: &["block"], ..guest }),
        (
            "FUNCSERVER_TEST_GUEST_P3",
            GuestCrate { folder: Path::new("guest-p3"), name: "test-guest-p3", features: &[], shared: &shared },
        ),
    ])
}

/// A hash of the names and contents of the files.
fn compiler() -> io::Result<u64> {
    let mut files = Vec::new();
    for path in COMPILER {
        println!("cargo::rerun-if-changed={path}");
        collect(path.into(), &mut files)?;
    }
    files.sort();
    let mut hash = DefaultHasher::new();
    for file in files {
        let content = fs::read(&file)?;
        (file, content).hash(&mut hash);
    }
    Ok(hash.finish())
}

fn collect(path: PathBuf, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path);
        return Ok(());
    }
    fs::read_dir(path)?.try_for_each(|entry| collect(entry?.path(), files))
}
