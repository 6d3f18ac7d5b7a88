//! Unpacking a function's zip as Lambda does, with the modes and symbolic links in it.
//!
//! A zip may come from anywhere: nothing is written outside the folder, and no more than Lambda unpacks.

use std::fs::{self, File, Permissions};
use std::io::{self, Read as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use zip::ZipArchive;
use zip::read::ZipFile;

use crate::size::UNZIPPED;

/// The longest target of a link, in bytes: `PATH_MAX`.
const LINK: u64 = 4096;

/// Unpacks the zip at `path` into `folder`, which is empty.
pub(super) fn unpack(path: &Path, folder: &Path) -> Result<()> {
    let file = File::open(path)
        .map_err(|error| anyhow!("cannot read {}: {error}; make it: funcserver bundle", path.display()))?;
    let mut archive = ZipArchive::new(io::BufReader::new(file))
        .map_err(|error| anyhow!("{} is no zip: {error}; make one: funcserver bundle", path.display()))?;
    let mut unpacking = Unpacking { folder, left: UNZIPPED.0, links: Vec::new() };
    for index in 0..archive.len() {
        let entry = archive.by_index(index).with_context(|| format!("{} cannot be unpacked", path.display()))?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        unpacking.entry(entry).with_context(|| format!("cannot unpack {name:?} of {}", path.display()))?;
    }
    // Last, so that nothing is written through one.
    unpacking.links.iter().try_for_each(|link| unpacking.link(link))
}

struct Unpacking<'a> {
    folder: &'a Path,
    /// How many bytes may still come.
    left: u64,
    links: Vec<Link>,
}

struct Link {
    path: PathBuf,
    target: PathBuf,
}

impl Unpacking<'_> {
    fn entry<R: io::Read>(&mut self, mut entry: ZipFile<'_, R>) -> Result<()> {
        let Some(path) = entry.enclosed_name() else { bail!("its path leaves the folder of the function") };
        if entry.is_symlink() {
            let mut target = String::new();
            entry.take(LINK).read_to_string(&mut target)?;
            self.links.push(Link { path, target: target.into() });
            return Ok(());
        }
        let path = self.folder.join(path);
        if entry.is_dir() {
            return Ok(fs::create_dir_all(path)?);
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mode = entry.unix_mode().unwrap_or(0o644) & 0o777;
        let mut file = File::create(path)?;
        // Not the size that the entry states: it may be a lie.
        let written = io::copy(&mut (&mut entry).take(self.left.saturating_add(1)), &mut file)?;
        self.left = self.left.checked_sub(written).ok_or_else(too_large)?;
        Ok(file.set_permissions(Permissions::from_mode(mode))?)
    }

    fn link(&self, link: &Link) -> Result<()> {
        let Link { path, target } = link;
        let through = self.links.iter().any(|other| path != &other.path && path.starts_with(&other.path));
        if through || !stays_within(path, target) {
            bail!("the link {} -> {} leaves the folder of the function", path.display(), target.display());
        }
        let path = self.folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        symlink(target, &path).with_context(|| format!("cannot make the link {}", path.display()))
    }
}

/// Whether a link leads to its own folder, to one above it in the function, or to something below that. Going up comes
/// first in such a target, so that no other link can lead further up.
fn stays_within(path: &Path, target: &Path) -> bool {
    let depth = path.components().count() - 1;
    let up = target.components().take_while(|part| *part == Component::ParentDir).count();
    let mut down = target.components().skip(up);
    up <= depth && down.all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

fn too_large() -> anyhow::Error {
    anyhow!("the function has more than {} unzipped, and Lambda takes no more", UNZIPPED.mebibytes())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use tempfile::TempDir;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    type Zip = ZipWriter<Cursor<Vec<u8>>>;

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
        let cases: [fn(&mut Zip); 7] = [
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
    fn what_is_no_zip_is_named() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("function.zip");
        assert!(unpack(&path, folder.path()).unwrap_err().to_string().contains("make it: funcserver bundle"));
        fs::write(&path, "no zip").unwrap();
        assert!(unpack(&path, folder.path()).unwrap_err().to_string().contains("is no zip"));
    }
}
