//! The bootstrap that `bundle` puts into the zip: finds it, and checks that it fits the component.

mod carried;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use funcserver_engine::{Arch, WASMTIME_VERSION};
use funcserver_function::config::Env;
use funcserver_function::marker::{self, Marker};
use object::elf::{EM_AARCH64, EM_X86_64, FileHeader64};
use object::endian::LittleEndian;
use object::read::elf::FileHeader as _;
use serde::{Serialize, Serializer};

use crate::input;
use crate::output;
use crate::size::UNZIPPED;

/// The variable that names the folder in which to look first.
pub(crate) const FOLDER: &str = "FUNCSERVER_BOOTSTRAP_DIR";

/// The newest glibc that Lambda's `provided.al2023` has: 2.34 (Lambda developer guide, "OS-only runtimes").
const GLIBC: (u32, u32) = (2, 34);

/// A bootstrap that fits.
#[derive(Debug)]
pub(crate) struct BootstrapFile {
    /// Where it comes from.
    pub(crate) origin: BootstrapOrigin,
    /// Its content.
    pub(crate) bytes: Vec<u8>,
}

/// Where a bootstrap comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BootstrapOrigin {
    /// A file.
    File(PathBuf),
    /// A released tool carries it.
    Carried,
}

impl fmt::Display for BootstrapOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BootstrapOrigin::File(path) => path.display().fmt(f),
            BootstrapOrigin::Carried => f.write_str("the one that this program carries"),
        }
    }
}

impl Serialize for BootstrapOrigin {
    /// The path, or null.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            BootstrapOrigin::File(path) => path.serialize(serializer),
            BootstrapOrigin::Carried => serializer.serialize_none(),
        }
    }
}

impl BootstrapFile {
    /// Finds the bootstrap for `arch`, and checks its architecture and versions: the file `path` if that is given, else
    /// the first in the folders that are searched, else the one that this tool carries. If it needs a glibc that is too
    /// new, prints a warning.
    ///
    /// # Errors
    /// There is none, or it does not fit; the error says what to do.
    pub(crate) fn find(path: Option<&Path>, arch: Arch, env: &dyn Env) -> Result<BootstrapFile> {
        let BootstrapFile { origin, bytes } = match path {
            Some(path) => BootstrapFile::read(path.to_owned(), arch)?,
            None => match look(arch, &folders(env)) {
                Some(path) => BootstrapFile::read(path, arch)?,
                None => BootstrapFile::carried(arch)?,
            },
        };
        if let Err(reason) = check(&bytes, arch) {
            bail!("{origin} is not the bootstrap for this component: {reason}; {}", remedy(arch));
        }
        if let Some((major, minor)) = newest_glibc(&bytes).filter(|version| *version > GLIBC) {
            output::warn(format_args!(
                "{origin} needs glibc {major}.{minor}, but Lambda's provided.al2023 has {}.{}: it would not start there; {}",
                GLIBC.0,
                GLIBC.1,
                remedy(arch)
            ));
        }
        Ok(BootstrapFile { origin, bytes })
    }

    fn read(path: PathBuf, arch: Arch) -> Result<BootstrapFile> {
        let bytes = input::read(&path, UNZIPPED)
            .map_err(|error| anyhow!("cannot read the bootstrap {}: {error}; {}", path.display(), remedy(arch)))?;
        Ok(BootstrapFile { origin: BootstrapOrigin::File(path), bytes })
    }

    fn carried(arch: Arch) -> Result<BootstrapFile> {
        let Some(bytes) = carried::bootstrap(arch) else {
            bail!(
                "no bootstrap-{arch} in ${FOLDER}, beside this program, or in dist/ of this folder or one above it; {}, or \
                 name it with --bootstrap",
                remedy(arch)
            );
        };
        let bytes = bytes
            .map_err(|error| anyhow!("the bootstrap in this program is damaged ({error}); install funcserver again"))?;
        Ok(BootstrapFile { origin: BootstrapOrigin::Carried, bytes })
    }
}

/// The folders to search for a bootstrap, in order.
fn folders(env: &dyn Env) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        env.get(FOLDER).filter(|folder| !folder.is_empty()).map(PathBuf::from).into_iter().collect();
    if let Ok(tool) = std::env::current_exe() {
        folders.extend(tool.parent().map(Path::to_owned));
    }
    if let Ok(here) = std::env::current_dir() {
        folders.extend(here.ancestors().map(|folder| folder.join("dist")));
    }
    folders
}

/// Whether there is any bootstrap for `arch`, which may not fit.
pub(crate) fn is_there(arch: Arch, env: &dyn Env) -> bool {
    look(arch, &folders(env)).is_some() || carried::carries(arch)
}

fn look(arch: Arch, folders: &[PathBuf]) -> Option<PathBuf> {
    let name = format!("bootstrap-{arch}");
    folders.iter().map(|folder| folder.join(&name)).find(|path| path.is_file())
}

/// How to get one that fits.
fn remedy(arch: Arch) -> String {
    if carried::carries(arch) {
        return "remove it or leave out --bootstrap: this program carries the one that fits".to_owned();
    }
    format!("build it: scripts/build-bootstrap {arch}")
}

/// Checks that `bytes` are a program for `arch` with this tool's versions.
fn check(bytes: &[u8], arch: Arch) -> Result<(), String> {
    match architecture(bytes) {
        Some(found) if found == arch.name() => {}
        Some(found) => return Err(format!("it is a program for {found}, and the component is compiled for {arch}")),
        None => return Err("it is not a Linux program (ELF, 64 bit)".to_owned()),
    }
    let Some(found) = Marker::find(bytes) else {
        return Err("it is another program, without the marker of funcserver's bootstrap".to_owned());
    };
    for (program, found, expected) in
        [("funcserver", found.funcserver, marker::VERSION), ("wasmtime", found.wasmtime, WASMTIME_VERSION)]
    {
        if found != expected {
            return Err(format!("it has {program} {found}, and the component is compiled by {program} {expected}"));
        }
    }
    Ok(())
}

/// The architecture in an ELF header: Lambda's name for it, or its number.
pub(crate) fn architecture(bytes: &[u8]) -> Option<String> {
    let header = FileHeader64::<LittleEndian>::parse(bytes).ok()?;
    Some(match header.e_machine(header.endian().ok()?) {
        EM_X86_64 => Arch::X86_64.name().to_owned(),
        EM_AARCH64 => Arch::Arm64.name().to_owned(),
        other => format!("ELF machine {other}"),
    })
}

/// The newest version of glibc that any symbol of the program asks for.
fn newest_glibc(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = FileHeader64::<LittleEndian>::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, bytes).ok()?;
    let (needs, strings) = sections.gnu_verneed(endian, bytes).ok()??;
    let strings = sections.strings(endian, bytes, strings).ok()?;
    let versions = needs.flatten().flat_map(|(_, versions)| versions.flatten());
    versions.filter_map(|version| glibc(version.name(endian, strings).ok()?)).max()
}

/// Reads `GLIBC_2.34`.
fn glibc(symbol_version: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(symbol_version).ok()?.strip_prefix("GLIBC_")?;
    let mut numbers = text.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The head of an ELF file for `machine`, with `rest` behind it.
    fn elf(machine: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[..8].copy_from_slice(b"\x7fELF\x02\x01\x01\x00");
        bytes[18] = machine;
        bytes.extend_from_slice(rest);
        bytes
    }

    fn refusal(bytes: &[u8]) -> String {
        check(bytes, Arch::X86_64).unwrap_err()
    }

    #[test]
    fn a_program_with_our_marker_fits() {
        assert_eq!(check(&elf(62, &marker::MARKER), Arch::X86_64), Ok(()));
        assert_eq!(check(&elf(183, &marker::MARKER), Arch::Arm64), Ok(()));
    }

    #[test]
    fn what_does_not_fit_is_told_apart() {
        assert!(refusal(b"#!/bin/sh\n").contains("not a Linux program"));
        assert!(refusal(b"").contains("not a Linux program"));
        assert!(
            refusal(&elf(183, &marker::MARKER))
                .contains("a program for arm64, and the component is compiled for x86_64")
        );
        assert!(refusal(&elf(243, &marker::MARKER)).contains("ELF machine 243"));
        assert!(refusal(&elf(62, b"")).contains("without the marker"));
        let other = String::from_utf8(marker::MARKER.to_vec()).unwrap();
        let versions = other.replace(marker::VERSION, "9.8.7");
        assert!(refusal(&elf(62, versions.as_bytes())).contains("it has funcserver 9.8.7, and the component"));
        let versions = other.replace(WASMTIME_VERSION, "47.0.1");
        assert!(refusal(&elf(62, versions.as_bytes())).contains("it has wasmtime 47.0.1, and the component"));
    }

    #[test]
    fn a_missing_one_names_the_command_that_makes_it() {
        // Of a tool that is built without the variable of `embed.rs`, as tests are.
        let error = BootstrapFile::carried(Arch::Arm64).unwrap_err().to_string();
        assert!(error.contains("no bootstrap-arm64") && error.contains("scripts/build-bootstrap arm64"), "{error}");
    }

    #[test]
    fn the_first_folder_wins() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folders = [first.path().to_owned(), second.path().to_owned()];
        fs::write(second.path().join("bootstrap-x86_64"), "").unwrap();
        assert_eq!(look(Arch::X86_64, &folders).unwrap(), second.path().join("bootstrap-x86_64"));
        fs::write(first.path().join("bootstrap-x86_64"), "").unwrap();
        assert_eq!(look(Arch::X86_64, &folders).unwrap(), first.path().join("bootstrap-x86_64"));
    }

    #[test]
    fn versions_of_glibc_are_compared_as_numbers() {
        assert_eq!(glibc(b"GLIBC_2.34"), Some((2, 34)));
        assert_eq!(glibc(b"GLIBC_2.2.5"), Some((2, 2)));
        assert_eq!(glibc(b"GLIBC_PRIVATE"), None);
        assert_eq!(glibc(b"GCC_3.0"), None);
        assert!(glibc(b"GLIBC_2.9") < glibc(b"GLIBC_2.34"));
    }

    #[test]
    fn the_glibc_of_a_real_program_is_read() {
        let here = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(newest_glibc(&here).is_some_and(|version| version >= (2, 2)), "{:?}", newest_glibc(&here));
        assert_eq!(newest_glibc(b"\x7fELF"), None);
    }
}
