//! The files that a component is given: a folder of the project, as the zip carries it.

use std::fs;
use std::path::{Component, Path};

use anyhow::{Context as _, Result, bail};

/// One file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asset {
    /// Its path from the project's folder, with `/` between folders: the same in the zip.
    pub(crate) name: String,
    /// What it holds.
    pub(crate) bytes: Vec<u8>,
}

/// Reads all files of `folder`, in the order of their names. Links are refused: what they lead to is not in the zip.
pub(crate) fn read(folder: &Path) -> Result<Vec<Asset>> {
    let mut assets = Vec::new();
    add(folder, &mut assets)?;
    if assets.is_empty() {
        bail!("guest.assets: {} holds no file; name another folder in funcserver.toml", folder.display());
    }
    assets.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(assets)
}

fn add(folder: &Path, assets: &mut Vec<Asset>) -> Result<()> {
    let failed = || format!("guest.assets: cannot read the folder {}", folder.display());
    for entry in fs::read_dir(folder).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        let path = entry.path();
        let kind = entry.file_type().with_context(failed)?;
        if kind.is_dir() {
            add(&path, assets)?;
        } else if kind.is_file() {
            let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            assets.push(Asset { name: name(&path)?, bytes });
        } else {
            bail!("guest.assets: {} is neither a file nor a folder; put a copy in its place", path.display());
        }
    }
    Ok(())
}

fn name(path: &Path) -> Result<String> {
    let parts = path.components().filter(|part| *part != Component::CurDir).map(|part| part.as_os_str().to_str());
    let Some(parts) = parts.collect::<Option<Vec<_>>>() else {
        bail!("guest.assets: the name of {} is no UTF-8, as a zip needs it", path.display());
    };
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("b/c")).unwrap();
        for name in ["z.txt", "b/c/one", "a.txt"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let assets = read(folder.path()).unwrap();
        let names: Vec<_> = assets.iter().map(|asset| String::from_utf8_lossy(&asset.bytes).into_owned()).collect();
        assert_eq!(names, ["a.txt", "b/c/one", "z.txt"]);
        assert!(assets[1].name.ends_with("b/c/one"), "{}", assets[1].name);
    }

    #[test]
    fn what_cannot_be_packed_is_named() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap_err().to_string().contains("no file"));
        assert!(read(&folder.path().join("missing")).unwrap_err().to_string().contains("missing"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link")).unwrap();
            assert!(read(folder.path()).unwrap_err().to_string().contains("link"));
        }
    }
}
