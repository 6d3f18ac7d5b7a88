//! Where an image is written: a folder, or a file that is the same folder as an archive.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::Image;
use super::tar::Tar;
use crate::output_file;

/// The file that each folder of an image has.
const MARK: &str = "oci-layout";

/// Where to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ImageOutput {
    /// A folder.
    Folder(PathBuf),
    /// An archive.
    Archive(PathBuf),
}

impl ImageOutput {
    /// A path that ends with `.tar` is an archive.
    pub(crate) fn of(path: PathBuf) -> Self {
        if path.extension().is_some_and(|extension| extension == "tar") {
            Self::Archive(path)
        } else {
            Self::Folder(path)
        }
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::Archive(path) => path,
        }
    }

    /// How other programs name it: the transport of `skopeo` (containers-transports(5)).
    pub(crate) fn reference(&self) -> String {
        match self {
            Self::Folder(path) => format!("oci:{}", path.display()),
            Self::Archive(path) => format!("oci-archive:{}", path.display()),
        }
    }

    /// Checks that an image may be written there. Call it before the slow work.
    ///
    /// # Errors
    /// There is something that is no image.
    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Self::Folder(path) => check_folder(path),
            Self::Archive(path) => output_file::check(path),
        }
    }

    /// Writes the image in place of an earlier one.
    ///
    /// # Errors
    /// As those of [`ImageOutput::check`], and those of the system.
    pub(crate) fn write(&self, image: &Image) -> Result<()> {
        self.check()?;
        match self {
            Self::Folder(path) => write_folder(path, image).with_context(|| format!("cannot write {}", path.display())),
            Self::Archive(path) => output_file::write(path, &archive(image)?),
        }
    }
}

fn check_folder(path: &Path) -> Result<()> {
    let shown = path.display();
    match fs::metadata(path) {
        Ok(there) if !there.is_dir() => {
            bail!("cannot write the image to {shown}: it is a file; name a folder, or a file that ends with .tar")
        }
        Ok(_) if path.join(MARK).is_file() => Ok(()),
        Ok(_) => {
            let mut files = fs::read_dir(path).with_context(|| format!("cannot read {shown}"))?;
            if files.next().is_some() {
                bail!("cannot write the image to {shown}: it has other files, and no image; name a new folder");
            }
            Ok(())
        }
        Err(_) => Ok(()),
    }
}

/// Writes a folder beside it, and puts it in place when it is whole.
fn write_folder(path: &Path, image: &Image) -> io::Result<()> {
    let path = fs::canonicalize(path).or_else(|_| std::path::absolute(path))?;
    let parent = path.parent().ok_or_else(|| io::Error::other("it is the root folder"))?;
    fs::create_dir_all(parent)?;
    let new = tempfile::Builder::new().prefix(".image-").tempdir_in(parent)?;
    let folder = new.path().join("new");
    for (name, bytes) in &image.files {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap_or(&folder))?;
        fs::write(file, bytes)?;
    }
    if path.exists() {
        fs::rename(&path, new.path().join("old"))?;
    }
    fs::rename(folder, path)
}

/// The folder as an archive. The same image gives the same bytes.
fn archive(image: &Image) -> io::Result<Vec<u8>> {
    let mut archive = Tar::new();
    for (name, bytes) in &image.files {
        archive.file(name, bytes, 0o644)?;
    }
    archive.bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(text: &str) -> Image {
        let files = vec![(MARK.to_owned(), b"{}".to_vec()), ("blobs/sha256/ab".to_owned(), text.as_bytes().to_vec())];
        Image { digest: String::new(), compressed: 0, unpacked: 0, files }
    }

    #[test]
    fn a_folder_is_replaced_if_it_is_an_image() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("images/of/it");
        let output = ImageOutput::of(path.clone());
        for text in ["one", "two"] {
            output.write(&image(text)).unwrap();
            assert_eq!(fs::read_to_string(path.join("blobs/sha256/ab")).unwrap(), text);
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
        fs::remove_file(path.join(MARK)).unwrap();
        let error = output.write(&image("three")).unwrap_err().to_string();
        assert!(error.contains("has other files, and no image"), "{error}");
        assert_eq!(fs::read_to_string(path.join("blobs/sha256/ab")).unwrap(), "two");
    }

    #[test]
    fn an_empty_folder_is_taken_and_a_file_is_not() {
        let home = tempfile::tempdir().unwrap();
        ImageOutput::of(home.path().to_owned()).check().unwrap();
        let file = home.path().join("image");
        fs::write(&file, "").unwrap();
        let error = ImageOutput::of(file).check().unwrap_err().to_string();
        assert!(error.contains("it is a file; name a folder, or a file that ends with .tar"), "{error}");
    }

    #[test]
    fn an_archive_is_the_same_each_time() {
        let home = tempfile::tempdir().unwrap();
        let read = |name: &str| {
            let output = ImageOutput::of(home.path().join(name));
            assert!(matches!(output, ImageOutput::Archive(_)));
            output.write(&image("one")).unwrap();
            fs::read(home.path().join(name)).unwrap()
        };
        assert_eq!(read("a.tar"), read("b.tar"));
    }
}
