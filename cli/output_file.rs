//! Writes the output files of a command: atomically, and never over a file that it has read.
//!
//! A link stays, and its target is replaced. If the path is not a regular file, such as `/dev/stdout` or a named pipe,
//! the data is written into it.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use tempfile::Builder;

use crate::{input, output};

/// More links in a row than this count as a circle. Linux has the same limit.
const MOST_LINKS: usize = 40;

/// The target of a path.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// A regular file, or one to create.
    File(PathBuf),
    /// A device or pipe to write into.
    Into(PathBuf),
    /// This process's standard output.
    Stdout,
}

/// Checks that a command may write to `path`. Call it after the inputs are read, and before the slow work.
///
/// # Errors
/// It is a folder, or a file that was read.
pub(crate) fn check(path: &Path) -> Result<()> {
    place(path).map(drop)
}

/// Whether `path` leads to a stream, beside which no other file can be written.
pub(crate) fn is_stream(path: &Path) -> bool {
    place(path).is_ok_and(|place| !matches!(place, Place::File(_)))
}

/// Writes a file atomically.
///
/// # Errors
/// As those of [`check`], and those of the system.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let written = match place(path)? {
        Place::File(file) => replace(&file, bytes),
        Place::Into(place) => write_into(&place, bytes),
        Place::Stdout => output::bytes(bytes),
    };
    written.with_context(|| format!("cannot write {}", path.display()))
}

fn place(path: &Path) -> Result<Place> {
    let place = follow(path).with_context(|| format!("cannot write {}", path.display()))?;
    let Place::File(file) = &place else { return Ok(place) };
    let Ok(metadata) = fs::metadata(file) else { return Ok(place) };
    let shown = path.display();
    if metadata.is_dir() {
        bail!("cannot write {shown}: it is a folder; name a file in it: -o {shown}/FILE");
    }
    if let Some(read) = input::read_as(&metadata) {
        bail!(
            "cannot write {shown}: it is the same file as {}, which this command also reads or writes; name another file \
             with -o",
            read.display()
        );
    }
    Ok(if metadata.is_file() { place } else { Place::Into(file.clone()) })
}

/// Follows links to their target, which need not exist yet.
fn follow(path: &Path) -> io::Result<Place> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(_) if is_descriptor(&path) => {
                return Ok(if path.file_name().is_some_and(|name| name == "1") {
                    Place::Stdout
                } else {
                    Place::Into(path)
                });
            }
            Ok(target) => path = folder(&path).join(target),
            // Not a link, or it does not exist.
            Err(_) => return Ok(Place::File(path)),
        }
    }
    Err(io::Error::other("its links form a circle"))
}

/// Whether a path is an open file of this process, such as `/proc/self/fd/1`, to which `/dev/stdout` leads.
fn is_descriptor(path: &Path) -> bool {
    let Ok(own) = fs::canonicalize("/proc/self") else { return false };
    fs::canonicalize(folder(path)).is_ok_and(|folder| folder.starts_with(own) && folder.ends_with("fd"))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // The same mode as any new file; the user's umask applies.
    let mut file = Builder::new().permissions(Permissions::from_mode(0o644)).tempfile_in(folder(path))?;
    file.write_all(bytes)?;
    let file = file.persist(path)?;
    input::remember(path, &file.metadata()?);
    Ok(())
}

fn write_into(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Another process may have written to an open regular file, so append.
    let is_file = fs::metadata(path)?.is_file();
    let mut file: File = OpenOptions::new().write(true).append(is_file).open(path)?;
    file.write_all(bytes)
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::size::Size;

    #[test]
    fn links_stay_and_what_they_lead_to_is_written() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        fs::create_dir(path("dist")).unwrap();
        symlink("dist/there", path("one")).unwrap();
        symlink("one", path("two")).unwrap();
        for text in ["new", "again"] {
            // What was written is not written over by the same command; here it is another one each time.
            fs::remove_file(path("dist/there")).unwrap_or_default();
            write(&path("two"), text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(path("dist/there")).unwrap(), text);
            assert!(path("one").is_symlink() && path("two").is_symlink());
        }
        assert_eq!(fs::metadata(path("dist/there")).unwrap().permissions().mode() & 0o133, 0);
        symlink("circle", path("circle")).unwrap();
        assert!(format!("{:#}", write(&path("circle"), b"").unwrap_err()).contains("circle"));
    }

    #[test]
    fn nothing_that_was_read_is_written() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        fs::write(path("in"), "precious").unwrap();
        symlink("in", path("link")).unwrap();
        fs::hard_link(path("in"), path("hard")).unwrap();
        input::read(&path("in"), Size(100)).unwrap();
        for name in ["in", "link", "hard", "./in"] {
            let error = write(&path(name), b"x").unwrap_err().to_string();
            assert!(error.contains("the same file as") && error.contains("/in"), "{error}");
        }
        assert_eq!(fs::read_to_string(path("in")).unwrap(), "precious");
    }

    #[test]
    fn two_outputs_are_two_files() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        symlink("a", path("a.json")).unwrap();
        write(&path("a"), b"one").unwrap();
        assert!(write(&path("a.json"), b"two").is_err());
        assert_eq!(fs::read_to_string(path("a")).unwrap(), "one");
    }

    #[test]
    fn what_is_no_file_is_written_into() {
        let home = tempfile::tempdir().unwrap();
        write(Path::new("/dev/null"), b"x").unwrap();
        assert!(is_stream(Path::new("/dev/null")) && !is_stream(&home.path().join("new")));
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        assert_eq!(place(Path::new("/dev/stdout")).unwrap(), Place::Stdout);
        assert!(matches!(place(Path::new("/dev/stderr")).unwrap(), Place::Into(_)));
        let error = write(home.path(), b"x").unwrap_err().to_string();
        assert!(error.contains("is a folder"), "{error}");
    }
}
