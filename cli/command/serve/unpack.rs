//! Unpacks a function's zip as Lambda does, with its modes and symbolic links.
//!
//! A zip is untrusted: nothing is written outside the folder, and no more than Lambda unpacks.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, Permissions};
use std::io::{self, Read as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use zip::ZipArchive;
use zip::read::{Config, ZipFile};
use zip::unstable::read::ZipIterable;

use crate::size::UNZIPPED;

/// The longest target of a link, in bytes: `PATH_MAX`.
const LINK: u64 = 4096;

/// The largest zip, in bytes: one that is not compressed at all.
const ZIPPED: u64 = UNZIPPED.0 + (16 << 20);

/// The most files and folders together, and the most links: each takes time, even if it is empty. The first is the most
/// that a zip can list without the ZIP64 extension (APPNOTE.TXT, section 4.4.22).
const MOST_FILES: usize = 65_535;
const MOST_LINKS: usize = 10_000;

/// The most nested folders: removing them opens one after the other.
const DEEPEST: usize = 64;

/// Unpacks the zip at `path` into `folder`, which is empty.
pub(super) fn unpack(path: &Path, folder: &Path) -> Result<()> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| anyhow!("cannot read {shown}: {error}; make it: funcserver bundle"))?;
    let metadata = file.metadata().with_context(|| format!("cannot read {shown}"))?;
    if !metadata.is_file() {
        bail!("{shown} is not a file; make a zip: funcserver bundle");
    }
    if metadata.len() > ZIPPED {
        bail!("{shown} cannot be unpacked: {}", too_large());
    }
    let no_zip = |error| anyhow!("{shown} is not a zip: {error}; make one: funcserver bundle");
    let mut reader = io::BufReader::new(file);
    // Checked before the list of entries is read, because each entry takes memory.
    let count = ZipIterable::try_new(&mut reader, Config::default()).map_err(no_zip)?.len();
    if count > MOST_FILES {
        bail!("{shown} cannot be unpacked: {}", too_many(count));
    }
    let mut archive = ZipArchive::new(reader).map_err(no_zip)?;
    let mut unpacking =
        Unpacking { folder, left: UNZIPPED.0, folders: HashSet::new(), files: 0, links: BTreeMap::new() };
    for index in 0..archive.len() {
        let entry = archive.by_index(index).with_context(|| format!("{shown} cannot be unpacked"))?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        unpacking.entry(entry).with_context(|| format!("cannot unpack {name:?} of {shown}"))?;
    }
    // Links come last, so that nothing is written through one.
    unpacking.make_links()
}

struct Unpacking<'a> {
    folder: &'a Path,
    /// How many more bytes are allowed.
    left: u64,
    /// The folders that were created.
    folders: HashSet<PathBuf>,
    /// The number of files.
    files: usize,
    /// The target of each link.
    links: BTreeMap<PathBuf, PathBuf>,
}

impl Unpacking<'_> {
    fn entry<R: io::Read>(&mut self, mut entry: ZipFile<'_, R>) -> Result<()> {
        let Some(path) = entry.enclosed_name() else { bail!("its path leaves the folder of the function") };
        if path.components().count() > DEEPEST {
            bail!("its path has more than {DEEPEST} folders, the limit");
        }
        if entry.is_symlink() {
            let mut target = String::new();
            entry.take(LINK).read_to_string(&mut target)?;
            self.links.insert(path, target.into());
            if self.links.len() > MOST_LINKS {
                bail!("the function has more than {MOST_LINKS} links, the limit");
            }
            return Ok(());
        }
        if entry.is_dir() {
            return self.make_folder(&path);
        }
        self.make_folder(path.parent().unwrap_or(Path::new("")))?;
        self.files += 1;
        self.check_count()?;
        let mode = entry.unix_mode().unwrap_or(0o644) & 0o777;
        let mut file = File::create(self.folder.join(path))?;
        // The size that the entry states may be wrong, so count the bytes.
        let written = io::copy(&mut (&mut entry).take(self.left.saturating_add(1)), &mut file)?;
        self.left = self.left.checked_sub(written).ok_or_else(too_large)?;
        Ok(file.set_permissions(Permissions::from_mode(mode))?)
    }

    /// Creates a folder and its parents, and counts them, because one name may need thousands.
    fn make_folder(&mut self, path: &Path) -> Result<()> {
        let mut missing: Vec<_> = path.ancestors().take_while(|path| !self.folders.contains(*path)).collect();
        missing.retain(|path| !path.as_os_str().is_empty());
        for folder in missing.into_iter().rev() {
            self.folders.insert(folder.to_owned());
            self.check_count()?;
            fs::create_dir_all(self.folder.join(folder))?;
        }
        Ok(())
    }

    fn check_count(&self) -> Result<()> {
        match self.files + self.folders.len() {
            count if count > MOST_FILES => Err(too_many(count)),
            _ => Ok(()),
        }
    }

    fn make_links(&mut self) -> Result<()> {
        for (path, target) in std::mem::take(&mut self.links).iter().rev() {
            self.link(path, target)?;
        }
        Ok(())
    }

    /// Makes a link. Links are made in reverse order, so a path below a link exists first, and the link then fails.
    fn link(&mut self, path: &Path, target: &Path) -> Result<()> {
        if !stays_within(path, target) {
            bail!("the link {} -> {} leaves the folder of the function", path.display(), target.display());
        }
        self.make_folder(path.parent().unwrap_or(Path::new("")))?;
        symlink(target, self.folder.join(path)).with_context(|| format!("cannot make the link {}", path.display()))
    }
}

/// Whether the target of a link is inside the function. All `..` must come first in the target, so that no other link
/// can lead further up.
fn stays_within(path: &Path, target: &Path) -> bool {
    let depth = path.components().count() - 1;
    let up = target.components().take_while(|part| *part == Component::ParentDir).count();
    let mut down = target.components().skip(up);
    up <= depth && down.all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

fn too_many(count: usize) -> anyhow::Error {
    anyhow!("it has {count} files and folders or more, and the limit is {MOST_FILES}")
}

fn too_large() -> anyhow::Error {
    anyhow!("the function has more than {} unzipped, the most that Lambda takes", UNZIPPED.mebibytes())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use tempfile::TempDir;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    type Zip = ZipWriter<Cursor<Vec<u8>>>;
    type Write = fn(&mut Zip);

    /// Unpacks a zip into a new folder `inside`, which has a folder around it.
    fn unpacked(write: impl FnOnce(&mut Zip)) -> (TempDir, Result<()>) {
        let around = TempDir::new().unwrap();
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        write(&mut zip);
        let path = around.path().join("function.zip");
        fs::write(&path, zip.finish().unwrap().into_inner()).unwrap();
        let inside = around.path().join("inside");
        fs::create_dir(&inside).unwrap();
        let result = unpack(&path, &inside);
        (around, result)
    }

    fn file(zip: &mut Zip, name: &str, mode: u32) {
        zip.start_file(name, SimpleFileOptions::default().unix_permissions(mode)).unwrap();
        zip.write_all(name.as_bytes()).unwrap();
    }

    fn link(zip: &mut Zip, name: &str, target: &str) {
        zip.add_symlink(name, target, SimpleFileOptions::default()).unwrap();
    }

    #[test]
    fn files_folders_modes_and_links_come_out() {
        let (around, result) = unpacked(|zip| {
            file(zip, "bootstrap", 0o755);
            file(zip, "lib/a/data.txt", 0o640);
            link(zip, "lib/b/data.txt", "../a/data.txt");
            zip.add_directory("empty/", SimpleFileOptions::default()).unwrap();
        });
        result.unwrap();
        let inside = around.path().join("inside");
        let mode = |name: &str| inside.join(name).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("bootstrap"), mode("lib/a/data.txt")), (0o755, 0o640));
        assert_eq!(fs::read_to_string(inside.join("lib/b/data.txt")).unwrap(), "lib/a/data.txt");
        assert!(inside.join("empty").is_dir());
    }

    #[test]
    fn nothing_leaves_the_folder() {
        let cases: [Write; 7] = [
            |zip| file(zip, "../out", 0o644),
            |zip| file(zip, "a/../../out", 0o644),
            |zip| link(zip, "a", "../out"),
            |zip| link(zip, "a", "/etc"),
            |zip| link(zip, "a/b", "../c/../../out"),
            |zip| {
                link(zip, "a/here", ".");
                link(zip, "a/here/up", "../../out");
            },
            |zip| {
                link(zip, "a", "b");
                file(zip, "a/out", 0o644);
            },
        ];
        for (index, write) in cases.into_iter().enumerate() {
            let (around, result) = unpacked(write);
            let error = format!("{:#}", result.expect_err(&format!("case {index}")));
            assert!(error.contains("leaves the folder") || error.contains("cannot make the link"), "{error}");
            assert!(!around.path().join("out").exists());
        }
    }

    #[test]
    fn a_zip_that_grows_beyond_lambdas_limit_is_not_unpacked() {
        let (_around, result) = unpacked(|zip| {
            zip.start_file("zeros", SimpleFileOptions::default()).unwrap();
            let zeros = vec![0; 1 << 20];
            (0..=250).for_each(|_| zip.write_all(&zeros).unwrap());
        });
        let error = format!("{:#}", result.unwrap_err());
        assert!(error.contains("more than 250.0 MiB unzipped"), "{error}");
    }

    #[test]
    fn more_files_folders_and_links_than_their_bounds_are_not_made() {
        let cases: [(Write, &str); 4] = [
            (|zip| (0..MOST_FILES + 1).for_each(|index| file(zip, &format!("{index}"), 0o644)), "it has 65536 files"),
            (|zip| (0..=MOST_LINKS).for_each(|index| link(zip, &format!("{index}"), "a")), "more than 10000 links"),
            (|zip| file(zip, &format!("{}b", "a/".repeat(DEEPEST)), 0o644), "more than 64 folders"),
            (|zip| link(zip, &format!("{}b", "a/".repeat(30_000)), "c"), "more than 64 folders"),
        ];
        for (write, expected) in cases {
            let (_around, result) = unpacked(write);
            let error = format!("{:#}", result.unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn thousands_of_links_are_made() {
        let (around, result) = unpacked(|zip| {
            file(zip, "bootstrap", 0o755);
            (0..MOST_LINKS).for_each(|index| link(zip, &format!("bin/{index}"), "../bootstrap"));
        });
        result.unwrap();
        assert_eq!(fs::read_dir(around.path().join("inside/bin")).unwrap().count(), MOST_LINKS);
    }

    #[test]
    fn what_is_no_zip_is_named() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("function.zip");
        assert!(unpack(&path, folder.path()).unwrap_err().to_string().contains("make it: funcserver bundle"));
        fs::write(&path, "no zip").unwrap();
        assert!(unpack(&path, folder.path()).unwrap_err().to_string().contains("is not a zip"));
    }
}
