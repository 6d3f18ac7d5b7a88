//! A folder to which only this user can write, so that its files come from this user.
//!
//! The folder is opened once and checked, and all files are opened relative to it. A user who can rename a parent
//! folder can therefore not replace it.

use std::ffi::CStr;
use std::fs::{DirBuilder, File, Metadata};
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, fchmod, mkdirat, openat, renameat, unlinkat};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::input;
use crate::size::Size;

/// The mode of the folder: only for its owner.
const FOLDER: Mode = Mode::RWXU;

/// The same as a number, whose type in rustix is not that of every system's standard library.
const FOLDER_BITS: u32 = 0o700;

/// The mode of the files in it.
const FILE: Mode = Mode::RUSR.union(Mode::WUSR);

/// The bits of a mode that let other users write.
const OTHERS_WRITE: u32 = 0o022;

/// A folder of this user.
#[derive(Debug)]
pub(crate) struct PrivateFolder {
    open: OwnedFd,
    path: PathBuf,
}

impl PrivateFolder {
    /// The folder at the path `names` in `home`. Missing folders are created.
    ///
    /// # Errors
    /// It cannot be created; or one of `names` is not a folder, belongs to another user, or is writable by others.
    pub(crate) fn within(home: &Path, names: &[&str]) -> io::Result<PrivateFolder> {
        DirBuilder::new().recursive(true).mode(FOLDER_BITS).create(home)?;
        let open = openat(CWD, home, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        names.iter().try_fold(PrivateFolder { open, path: home.to_owned() }, |folder, name| folder.enter(name))
    }

    fn enter(&self, name: &str) -> io::Result<PrivateFolder> {
        let made = match mkdirat(&self.open, name, FOLDER) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(error) => return Err(error.into()),
        };
        let path = self.path.join(name);
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = openat(&self.open, name, flags, Mode::empty()).map_err(|error| match error {
            Errno::LOOP | Errno::NOTDIR => io::Error::other(format!("{} is not a folder", path.display())),
            error => error.into(),
        })?;
        check(&path, &File::from(open.try_clone()?).metadata()?)?;
        if made {
            // The umask may have removed bits.
            fchmod(&open, FOLDER)?;
        }
        Ok(PrivateFolder { open, path })
    }

    /// The path of a file, for messages.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// It does not exist, is a link, belongs to another user, or is writable by others.
    pub(crate) fn open(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(openat(&self.open, name, flags, Mode::empty())?);
        let (path, metadata) = (self.path(name), file.metadata()?);
        if !metadata.is_file() {
            return Err(io::Error::other(format!("{} is not a file", path.display())));
        }
        check(&path, &metadata)?;
        input::remember(&path, &metadata);
        Ok(file)
    }

    /// Reads a file of up to `most`.
    ///
    /// # Errors
    /// As those of [`PrivateFolder::open`], and if it is larger.
    pub(crate) fn read(&self, name: &str, most: Size) -> io::Result<Vec<u8>> {
        input::bounded(self.open(name)?, most)
    }

    /// Writes a file atomically.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let (mut file, part) = self.part()?;
        let written = file.write_all(bytes).and_then(|()| Ok(renameat(&self.open, &part, &self.open, name)?));
        written.inspect_err(|_| drop(self.remove(&part)))
    }

    /// Checks that files can be written.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn probe(&self) -> io::Result<()> {
        self.part().and_then(|(_, part)| self.remove(&part))
    }

    /// A new file with a temporary name.
    fn part(&self) -> io::Result<(File, String)> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let part = format!(".{}-{}.part", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // A process with the same id that was killed may have left it.
        let _ = self.remove(&part);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok((File::from(openat(&self.open, &part, flags, FILE)?), part))
    }

    /// Removes a file.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        Ok(unlinkat(&self.open, name, AtFlags::empty())?)
    }

    /// The names of its files. A name that is not UTF-8 is not ours and is skipped.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn names(&self) -> io::Result<Vec<String>> {
        let entries = Dir::read_from(self.open.as_fd())?;
        let name = |name: &CStr| name.to_str().ok().filter(|name| !matches!(*name, "." | "..")).map(str::to_owned);
        entries
            .filter_map(|entry| entry.map(|entry| name(entry.file_name())).transpose())
            .map(|name| Ok(name?))
            .collect()
    }
}

/// Checks that it belongs to this user, and that no other user may write to it.
fn check(path: &Path, metadata: &Metadata) -> io::Result<()> {
    unfit(metadata.uid(), metadata.mode(), geteuid().as_raw()).map_or(Ok(()), |reason| {
        let path = path.display();
        Err(io::Error::other(format!(
            "{path} {reason}, who may have written machine code to it; remove it: rm -r {path}"
        )))
    })
}

fn unfit(owner: u32, mode: u32, user: u32) -> Option<String> {
    if owner != user {
        return Some(format!("belongs to another user (uid {owner}, and this one is {user})"));
    }
    (mode & OTHERS_WRITE != 0).then(|| format!("can be written by others (mode {:04o})", mode & 0o7777))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    const MOST: Size = Size(100);

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn refused(home: &Path) -> String {
        PrivateFolder::within(home, &["a", "b"]).unwrap_err().to_string()
    }

    #[test]
    fn it_is_made_for_its_owner_alone_and_keeps_files() {
        let home = tempfile::tempdir().unwrap();
        let folder = PrivateFolder::within(&home.path().join("home"), &["a", "b"]).unwrap();
        for name in ["home", "home/a", "home/a/b"] {
            assert_eq!(mode(&home.path().join(name)), 0o700, "{name}");
        }
        folder.write("one", b"1").unwrap();
        folder.write("one", b"2").unwrap();
        assert_eq!(folder.read("one", MOST).unwrap(), b"2");
        assert_eq!(mode(&folder.path("one")) & 0o077, 0);
        assert_eq!(folder.names().unwrap(), ["one"]);
        folder.remove("one").unwrap();
        assert_eq!(folder.read("one", MOST).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_folder_that_others_may_write_to_is_not_used() {
        for name in ["a", "a/b"] {
            for open in [0o777, 0o770, 0o1777, 0o702] {
                let home = tempfile::tempdir().unwrap();
                fs::create_dir_all(home.path().join("a/b")).unwrap();
                for name in ["a", "a/b"] {
                    fs::set_permissions(home.path().join(name), Permissions::from_mode(0o755)).unwrap();
                }
                assert!(PrivateFolder::within(home.path(), &["a", "b"]).is_ok());
                fs::set_permissions(home.path().join(name), Permissions::from_mode(open)).unwrap();
                let error = refused(home.path());
                assert!(error.contains("can be written by others") && error.contains("rm -r"), "{error}");
            }
        }
    }

    #[test]
    fn a_folder_of_somebody_else_is_not_used() {
        assert!(unfit(1000, 0o40755, 1000).is_none());
        assert!(unfit(1001, 0o40700, 1000).unwrap().contains("uid 1001, and this one is 1000"));
        assert!(unfit(1001, 0o40700, 0).is_some() && unfit(0, 0o40700, 1000).is_some());
    }

    #[test]
    fn links_are_not_followed() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("other")).unwrap();
        symlink("other", home.path().join("a")).unwrap();
        assert!(refused(home.path()).contains("is not a folder"));
        let folder = PrivateFolder::within(home.path(), &["other"]).unwrap();
        fs::write(home.path().join("file"), "planted").unwrap();
        symlink("../file", folder.path("link")).unwrap();
        symlink("/dev/zero", folder.path("zero")).unwrap();
        fs::create_dir(folder.path("folder")).unwrap();
        for name in ["link", "zero", "folder"] {
            assert!(folder.read(name, MOST).is_err(), "{name}");
        }
        folder.write("link", b"own").unwrap();
        assert_eq!(fs::read(home.path().join("file")).unwrap(), b"planted");
        assert_eq!(folder.read("link", MOST).unwrap(), b"own");
    }

    #[test]
    fn a_file_that_others_may_write_to_is_not_read() {
        let home = tempfile::tempdir().unwrap();
        let folder = PrivateFolder::within(home.path(), &["a"]).unwrap();
        folder.write("one", b"1").unwrap();
        fs::set_permissions(folder.path("one"), Permissions::from_mode(0o666)).unwrap();
        assert!(folder.read("one", MOST).unwrap_err().to_string().contains("mode 0666"));
    }

    #[test]
    fn it_stays_the_folder_that_was_checked() {
        let home = tempfile::tempdir().unwrap();
        let folder = PrivateFolder::within(home.path(), &["a"]).unwrap();
        folder.write("one", b"own").unwrap();
        fs::rename(home.path().join("a"), home.path().join("away")).unwrap();
        fs::create_dir(home.path().join("a")).unwrap();
        fs::write(home.path().join("a/one"), "planted").unwrap();
        assert_eq!(folder.read("one", MOST).unwrap(), b"own");
    }
}
