//! Reads a function's zip to its last byte. Whatever differs from what `bundle` writes is damage, with the file that has
//! it.

use std::fmt;
use std::io::{Cursor, Read as _};
use std::ops::Range;

use zip::ZipArchive;
use zip::read::ZipFile;

use crate::function_file::FunctionFile;
use crate::size::UNZIPPED;
use crate::zip::pack;

/// The files of a zip, as far as they can be read, and its damage.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    /// The files in order.
    pub(crate) files: Vec<ArchivedFile>,
    /// Nothing, if the zip is as `bundle` writes it.
    pub(crate) damage: Vec<Damage>,
}

/// One file of a zip.
#[derive(Debug)]
pub(crate) struct ArchivedFile {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) executable: bool,
    /// Where its compressed bytes are.
    place: Range<u64>,
}

/// What is not as `bundle` writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Damage {
    /// The content of a file.
    File { name: String, reason: String },
    /// What holds the files together: headers, the list at the end, their order.
    Structure(String),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::File { name, reason } => write!(f, "{name}: {reason}"),
            Damage::Structure(reason) => write!(f, "the archive's own structure: {reason}"),
        }
    }
}

impl Archive {
    /// Reads all files of a zip, and packs them again to compare the bytes.
    pub(crate) fn read(zip: &[u8]) -> Archive {
        let mut archive = Archive::default();
        archive.read_files(zip);
        if archive.damage.is_empty() {
            archive.damage.extend(archive.difference(zip));
        }
        archive
    }

    /// The file with this name.
    pub(crate) fn file(&self, name: &str) -> Option<&ArchivedFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// The names of the files whose content is damaged.
    pub(crate) fn damaged_files(&self) -> Vec<&str> {
        let names = self.damage.iter().filter_map(|damage| match damage {
            Damage::File { name, .. } => Some(name.as_str()),
            Damage::Structure(_) => None,
        });
        names.collect()
    }

    fn read_files(&mut self, zip: &[u8]) {
        let mut archive = match ZipArchive::new(Cursor::new(zip)) {
            Ok(archive) => archive,
            Err(error) => return self.damage.push(Damage::Structure(format!("it is not a zip: {error}"))),
        };
        let mut left = UNZIPPED.0;
        for index in 0..archive.len() {
            let name = archive.name_for_index(index).and_then(Result::ok).map(|name| name.into_owned());
            let Some(name) = name else {
                self.damage.push(Damage::Structure(format!("the name of its file {index} cannot be read")));
                continue;
            };
            match archive.by_index(index).map_err(|error| error.to_string()).and_then(|file| read(file, left)) {
                Ok((bytes, executable, place)) => {
                    left -= bytes.len() as u64;
                    self.files.push(ArchivedFile { name, bytes, executable, place });
                }
                Err(reason) => self.damage.push(Damage::File { name, reason }),
            }
        }
    }

    /// The first difference to the zip that `bundle` makes of the same files.
    fn difference(&self, zip: &[u8]) -> Option<Damage> {
        let packed = match pack(&self.files.iter().map(ArchivedFile::entry).collect::<Vec<_>>()) {
            Ok(packed) => packed,
            Err(error) => return Some(Damage::Structure(error.to_string())),
        };
        if packed == zip {
            return None;
        }
        let same = zip.iter().zip(&packed).take_while(|(one, other)| one == other).count();
        let inside = self.files.iter().find(|file| file.place.contains(&(same as u64)));
        let reason = format!(
            "from byte {same} on, it is not as funcserver {} packs these files: it is damaged, or another program or \
             version has packed it",
            funcserver_function::marker::VERSION
        );
        Some(match inside {
            Some(file) => Damage::File { name: file.name.clone(), reason },
            None => Damage::Structure(reason),
        })
    }
}

impl ArchivedFile {
    fn entry(&self) -> FunctionFile<'_> {
        FunctionFile { name: &self.name, bytes: &self.bytes, executable: self.executable }
    }
}

/// The content of a file, which has at most `left` bytes, whether it is executable, and its place.
fn read(mut file: ZipFile<'_, Cursor<&[u8]>>, left: u64) -> Result<(Vec<u8>, bool, Range<u64>), String> {
    let executable = file.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
    let start = file.data_start().unwrap_or_default();
    let place = start..start.saturating_add(file.compressed_size());
    let mut bytes = Vec::new();
    file.by_ref().take(left.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > left {
        return Err(format!("the function has more than {}, which Lambda does not unpack", UNZIPPED.mebibytes()));
    }
    Ok((bytes, executable, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Vec<u8> {
        let text = "a text that is long enough to be compressed, compressed, compressed".repeat(4);
        let entries = [
            FunctionFile::program("bootstrap", b"\x7fELF and so on"),
            FunctionFile::file("handler.cwasm", text.as_bytes()),
            FunctionFile::file("public/\u{fc}.txt", b"words"),
            FunctionFile::file("public/empty", b""),
        ];
        pack(&entries).unwrap()
    }

    #[test]
    fn a_zip_of_bundle_is_whole() {
        let zip = small();
        let archive = Archive::read(&zip);
        assert_eq!(archive.damage, []);
        let files: Vec<_> = archive.files.iter().map(|file| (file.name.as_str(), file.executable)).collect();
        let expected =
            [("bootstrap", true), ("handler.cwasm", false), ("public/\u{fc}.txt", false), ("public/empty", false)];
        assert_eq!(files, expected);
        assert_eq!(archive.file("public/\u{fc}.txt").unwrap().bytes, b"words");
    }

    /// Each bit of each byte: its file is named, or the structure.
    #[test]
    fn every_damaged_byte_is_noticed() {
        let zip = small();
        let places: Vec<_> = Archive::read(&zip).files.into_iter().map(|file| (file.name, file.place)).collect();
        for at in 0..zip.len() {
            for bit in 0..8 {
                let mut damaged = zip.clone();
                damaged[at] ^= 1 << bit;
                let damage = Archive::read(&damaged).damage;
                assert!(!damage.is_empty(), "byte {at}, bit {bit}");
                let file = places.iter().find(|(_, place)| place.contains(&(at as u64)));
                if let Some((expected, _)) = file {
                    let named = |damage: &Damage| matches!(damage, Damage::File { name, .. } if name == expected);
                    assert!(damage.iter().any(named), "byte {at}, bit {bit} of {expected}: {damage:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_cut_off_or_appended_is_noticed() {
        let zip = small();
        for length in 0..zip.len() {
            assert_ne!(Archive::read(&zip[..length]).damage, [], "{length} bytes");
        }
        for more in [&b"x"[..], b"PK", &zip] {
            assert_ne!(Archive::read(&[&zip, more].concat()).damage, []);
            assert_ne!(Archive::read(&[more, &zip].concat()).damage, []);
        }
    }
}
