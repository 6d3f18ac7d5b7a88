//! The assets of a component (`guest.assets`): a folder of the project that goes into the zip.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::project::DOTENV;
use crate::size::{Size, UNZIPPED};
use crate::{input, output, zip};

/// One file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asset {
    /// Its path in the project's folder and in the zip, with `/` between folders.
    pub(crate) name: String,
    /// Its content.
    pub(crate) bytes: Vec<u8>,
}

/// The folder with all links resolved; `None` if it does not exist.
///
/// # Errors
/// The folder, or a link in it, leads out of the project's folder, which is the working folder; or it is that folder, and
/// `.env` is in it.
pub(crate) fn folder(folder: &Path) -> Result<Option<PathBuf>> {
    let Ok(opened) = fs::canonicalize(folder) else { return Ok(None) };
    let project = fs::canonicalize(".").context("cannot tell the project's folder")?;
    if !opened.starts_with(&project) {
        bail!(
            "guest.assets: {} leads out of the project, to {}; replace it by a copy of that folder",
            folder.display(),
            opened.display()
        );
    }
    if opened == project && project.join(DOTENV).exists() {
        bail!(
            "guest.assets is the project's folder, so that {DOTENV} would be part of the zip: name a folder in it, or move \
             {DOTENV} away"
        );
    }
    check_links(&opened, &opened)?;
    Ok(Some(opened))
}

/// A component cannot follow a link that leads out, and in Lambda its target would not exist.
fn check_links(folder: &Path, assets: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            check_links(&path, assets)?;
        } else if kind.is_symlink()
            && let Ok(opened) = fs::canonicalize(&path)
            && !opened.starts_with(assets)
        {
            bail!(
                "guest.assets: the link {} leads out of the folder, to {}; replace it by a copy",
                path.display(),
                opened.display()
            );
        }
    }
    Ok(())
}

/// Reads all files of `folder`, in the order of their names. Links are refused, because their targets are not in the
/// zip. `output`, the zip of an earlier call, is skipped with a note on stderr.
///
/// # Errors
/// There is no file, or one that a zip cannot contain; together they are larger than Lambda unpacks; or the zip would
/// overwrite one.
pub(crate) fn read(folder: &Path, output: &Path) -> Result<Vec<Asset>> {
    self::folder(folder)?;
    let mut assets = Assets { found: Vec::new(), left: UNZIPPED.0, output: fs::canonicalize(output).ok() };
    assets.add(folder)?;
    let mut assets = assets.found;
    if assets.is_empty() {
        bail!("guest.assets: {} has no file; name another folder in funcserver.toml", folder.display());
    }
    assets.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(assets)
}

/// The number of bytes that identify a zip of ours.
const HEAD: u64 = 64;

struct Assets {
    found: Vec<Asset>,
    /// How many more bytes are allowed.
    left: u64,
    /// The output file, if it exists already.
    output: Option<PathBuf>,
}

impl Assets {
    fn add(&mut self, folder: &Path) -> Result<()> {
        let failed = || format!("guest.assets: cannot read the folder {}", folder.display());
        for entry in fs::read_dir(folder).with_context(failed)? {
            let entry = entry.with_context(failed)?;
            let path = entry.path();
            let kind = entry.file_type().with_context(failed)?;
            if kind.is_dir() {
                self.add(&path)?;
            } else if !kind.is_file() {
                bail!("guest.assets: {} is neither a file nor a folder; replace it by a copy", path.display());
            } else if !self.is_output(&path)? {
                self.add_file(&path)?;
            }
        }
        Ok(())
    }

    fn add_file(&mut self, path: &Path) -> Result<()> {
        let bytes = input::read_plain(path, Size(self.left)).map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => {
                anyhow!("guest.assets has more than {}, the most that Lambda unpacks", UNZIPPED.mebibytes())
            }
            _ => anyhow!("guest.assets: cannot read {}: {error}", path.display()),
        })?;
        self.left = self.left.saturating_sub(bytes.len() as u64);
        self.found.push(Asset { name: name(path)?, bytes });
        Ok(())
    }

    /// Whether the file is the zip of an earlier call, which this call will replace.
    fn is_output(&self, path: &Path) -> Result<bool> {
        let Some(output) = &self.output else { return Ok(false) };
        if fs::canonicalize(path).ok().as_ref() != Some(output) {
            return Ok(false);
        }
        let shown = path.display();
        // Not through `input`, because a remembered input cannot be replaced.
        let mut head = Vec::new();
        let read = fs::File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
        if read.is_err() || !zip::is_function(&head) {
            bail!("guest.assets contains {shown}, which the zip would overwrite; name another file with -o");
        }
        output::note(format_args!("{shown} is in guest.assets: not added to the zip"));
        Ok(true)
    }
}

fn name(path: &Path) -> Result<String> {
    let parts = path.components().filter(|part| *part != Component::CurDir).map(|part| part.as_os_str().to_str());
    let Some(parts) = parts.collect::<Option<Vec<_>>>() else {
        bail!("guest.assets: the name of {} is not UTF-8, as a zip requires", path.display());
    };
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;
    use crate::function_file::{BOOTSTRAP, FunctionFile};

    /// A folder of this project's.
    fn assets() -> TempDir {
        let folder = tempfile::tempdir_in(".").unwrap();
        fs::create_dir_all(folder.path().join("b/c")).unwrap();
        for name in ["z.txt", "b/c/one", "a.txt"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        folder
    }

    fn read(folder: &Path) -> Result<Vec<Asset>> {
        super::read(folder, &folder.join("none.zip"))
    }

    fn error(folder: &Path) -> String {
        read(folder).unwrap_err().to_string()
    }

    #[test]
    fn files_come_in_the_order_of_their_names() {
        let folder = assets();
        let assets = read(folder.path()).unwrap();
        let names: Vec<_> = assets.iter().map(|asset| String::from_utf8_lossy(&asset.bytes).into_owned()).collect();
        assert_eq!(names, ["a.txt", "b/c/one", "z.txt"]);
        assert!(assets[1].name.ends_with("b/c/one"), "{}", assets[1].name);
    }

    #[test]
    fn what_cannot_be_packed_is_named() {
        let folder = tempfile::tempdir_in(".").unwrap();
        assert!(error(folder.path()).contains("no file"));
        assert!(error(&folder.path().join("missing")).contains("missing"));
        fs::write(folder.path().join("there"), "").unwrap();
        symlink("there", folder.path().join("link")).unwrap();
        assert!(error(folder.path()).contains("link is neither a file nor a folder"));
    }

    #[test]
    fn a_link_that_leads_out_is_refused() {
        let (folder, outside) = (assets(), tempfile::tempdir().unwrap());
        assert_eq!(super::folder(folder.path()).unwrap(), Some(fs::canonicalize(folder.path()).unwrap()));
        assert_eq!(super::folder(&folder.path().join("missing")).unwrap(), None);
        assert!(super::folder(outside.path()).unwrap_err().to_string().contains("leads out of the project"));
        // Out of the assets, though in the project.
        symlink("../../../Cargo.toml", folder.path().join("b/c/link")).unwrap();
        assert!(error(folder.path()).contains("b/c/link leads out of the folder"));
        fs::remove_file(folder.path().join("b/c/link")).unwrap();
        symlink("../../a.txt", folder.path().join("b/c/link")).unwrap();
        assert!(super::folder(folder.path()).is_ok());
    }

    #[test]
    fn the_zip_of_before_is_left_out_and_no_other_file() {
        let folder = assets();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("function.zip"), zip::pack(&[FunctionFile::program(BOOTSTRAP, b"")]).unwrap()).unwrap();
        let names = |output: &Path| super::read(folder.path(), output).map(|assets| assets.len());
        assert_eq!(names(&path("function.zip")).unwrap(), 3);
        assert_eq!(names(&path("other.zip")).unwrap(), 4);
        let error = names(&path("a.txt")).unwrap_err().to_string();
        assert!(error.contains("a.txt, which the zip would overwrite"), "{error}");
    }
}
