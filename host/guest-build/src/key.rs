//! The key of a component: a hash of everything that decides its contents.

use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use crate::{BuildError, GuestCrate, inputs};

/// How this crate builds components.
const SOURCES: [&str; 5] = [
    include_str!("cargo.rs"),
    include_str!("environment.rs"),
    include_str!("key.rs"),
    include_str!("library.rs"),
    include_str!("target.rs"),
];

/// The key of the guest's component, if this compiler builds it with these variables.
pub(crate) fn key(
    guest: &GuestCrate<'_>,
    rustc: &Path,
    environment: &[(OsString, OsString)],
) -> Result<String, BuildError> {
    let version = Command::new(rustc)
        .arg("-vV")
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .output()
        .map_err(|error| BuildError::start(rustc, error))?;
    let flags = environment.iter().find(|(name, _)| name == "CARGO_ENCODED_RUSTFLAGS");
    let mut hash = DefaultHasher::new();
    (SOURCES, version.stdout, flags, guest.name, guest.features).hash(&mut hash);
    contents(guest, &mut hash).map_err(|error| BuildError::folder(guest.folder, error))?;
    Ok(format!("{:016x}", hash.finish()))
}

fn contents(guest: &GuestCrate<'_>, hash: &mut DefaultHasher) -> io::Result<()> {
    let mut files = Vec::new();
    inputs(guest)?.into_iter().try_for_each(|path| collect(path, &mut files))?;
    files.sort();
    for file in files {
        let content = fs::read(&file)?;
        (file, content).hash(hash);
    }
    Ok(())
}

fn collect(path: PathBuf, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path);
        return Ok(());
    }
    fs::read_dir(path)?.try_for_each(|entry| collect(entry?.path(), files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_changes_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let (guest, wit) = (folder.path().join("guest"), folder.path().join("wit"));
        fs::create_dir_all(guest.join("src")).unwrap();
        fs::create_dir(&wit).unwrap();
        let shared = [&*wit];
        let plain = GuestCrate { folder: &guest, name: "guest", features: &[], shared: &shared };
        let of = |guest: &GuestCrate<'_>| key(guest, Path::new("/bin/true"), &[]).unwrap();
        let mut keys = vec![of(&plain)];
        for file in [guest.join("Cargo.toml"), guest.join("src/lib.rs"), wit.join("world.wit")] {
            fs::write(&file, "").unwrap();
            keys.push(of(&plain));
            fs::write(&file, "changed").unwrap();
            keys.push(of(&plain));
        }
        keys.push(of(&GuestCrate { features: &["loud"], ..plain }));
        keys.push(key(&plain, Path::new("/bin/echo"), &[]).unwrap());
        keys.push(key(&plain, Path::new("/bin/true"), &[("CARGO_ENCODED_RUSTFLAGS".into(), "-g".into())]).unwrap());
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), count);

        fs::create_dir(guest.join("target")).unwrap();
        fs::write(guest.join("target/built"), "").unwrap();
        assert!(keys.contains(&of(&plain)), "build products are no inputs");
    }
}
