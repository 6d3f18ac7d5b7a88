//! What `bundle` writes: a zip or an image.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use funcserver_engine::Arch;
use serde::Serialize;

use crate::app::OUTPUT;
use crate::args;
use crate::bootstrap_file::BootstrapOrigin;
use crate::cache::sha256;
use crate::function_file::FunctionFile;
use crate::image::{Image, ImageOutput};
use crate::project::Project;
use crate::size::{Size, UNZIPPED};
use crate::{output, output_file, zip};

/// The largest zip that can be uploaded directly (Lambda developer guide, "Lambda quotas").
const DIRECT: Size = Size(50 << 20);

/// What to write, and where.
#[derive(Debug)]
pub(super) enum Package {
    Zip(PathBuf),
    Image(ImageOutput),
}

/// What was written.
#[derive(Debug)]
pub(super) enum Written {
    Zip { sha256: String, zipped: Size, unzipped: Size },
    Image { digest: String, compressed: Size, unpacked: Size, reference: String },
}

/// The output of `--json`.
#[derive(Debug, Serialize)]
pub(super) struct Report<'a> {
    file: &'a Path,
    #[serde(flatten)]
    hash: Hash<'a>,
    arch: &'a str,
    /// Null if the tool carries it.
    bootstrap: &'a BootstrapOrigin,
    #[serde(flatten)]
    sizes: Sizes,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Hash<'a> {
    Sha256(&'a str),
    Digest(&'a str),
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Sizes {
    Zip { zipped: u64, unzipped: u64 },
    Image { compressed: u64, unpacked: u64 },
}

impl Package {
    pub(super) fn of(args: &args::Bundle) -> Package {
        match &args.image {
            Some(path) => Package::Image(ImageOutput::of(path.clone())),
            None => Package::Zip(args.output.clone()),
        }
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Package::Zip(path) => path,
            Package::Image(image) => image.path(),
        }
    }

    /// Checks that it may be written there. Call it before the slow work.
    ///
    /// # Errors
    /// There is something else, or an image would become one of the assets that the next image contains.
    pub(super) fn check(&self, project: &Project) -> Result<()> {
        match self {
            Package::Zip(path) => output_file::check(path),
            Package::Image(image) => {
                outside(image.path(), project.config.guest.assets.as_deref())?;
                if project.config.component.app.is_some() {
                    apart(image.path(), Path::new("."))?;
                }
                image.check()
            }
        }
    }

    /// Writes the function's files.
    ///
    /// # Errors
    /// They are too large, or cannot be written.
    pub(super) fn write(&self, files: &[FunctionFile<'_>], arch: Arch) -> Result<Written> {
        let size = Size(files.iter().map(|file| file.bytes.len() as u64).sum());
        check_size(size)?;
        match self {
            Package::Zip(path) => {
                let zip = zip::pack(files).context("cannot make the zip")?;
                output_file::write(path, &zip)?;
                Ok(Written::Zip { sha256: sha256(&zip), zipped: Size::of(&zip), unzipped: size })
            }
            Package::Image(output) => {
                let image = Image::of(files, arch).context("cannot make the image")?;
                output.write(&image)?;
                Ok(Written::Image {
                    digest: image.digest,
                    compressed: Size(image.compressed),
                    unpacked: Size(image.unpacked),
                    reference: output.reference(),
                })
            }
        }
    }
}

impl Written {
    pub(super) fn print(&self) {
        match self {
            Written::Zip { zipped, unzipped, .. } => {
                output::note(format_args!(
                    "{} zipped of {} for a direct upload, {} unzipped of {}",
                    zipped.mebibytes(),
                    DIRECT.mebibytes(),
                    unzipped.mebibytes(),
                    UNZIPPED.mebibytes()
                ));
                if *zipped > DIRECT {
                    output::warn("it is too large for a direct upload: deploy it through S3");
                }
            }
            Written::Image { digest, compressed, unpacked, reference } => {
                output::note(format_args!("{compressed} compressed, {unpacked} unpacked, {digest}"));
                output::note(format_args!("to push it: skopeo copy {reference} docker://REGISTRY/NAME:TAG"));
            }
        }
    }

    pub(super) fn report<'a>(&'a self, file: &'a Path, arch: Arch, bootstrap: &'a BootstrapOrigin) -> Report<'a> {
        let (hash, sizes) = match self {
            Written::Zip { sha256, zipped, unzipped } => {
                (Hash::Sha256(sha256), Sizes::Zip { zipped: zipped.0, unzipped: unzipped.0 })
            }
            Written::Image { digest, compressed, unpacked, .. } => {
                (Hash::Digest(digest), Sizes::Image { compressed: compressed.0, unpacked: unpacked.0 })
            }
        };
        Report { file, hash, arch: arch.name(), bootstrap, sizes }
    }
}

/// Refuses an image within the assets: the next one would contain it.
fn outside(image: &Path, assets: Option<&Path>) -> Result<()> {
    if assets.is_some_and(|assets| below(image, assets).is_some()) {
        bail!(
            "the image {} would be in the folder of guest.assets, and so a part of the next image; write it elsewhere, as in \
             --image ../image.tar",
            image.display()
        );
    }
    Ok(())
}

/// Refuses an image among the files of an app: the app's next component would contain it.
fn apart(image: &Path, project: &Path) -> Result<()> {
    let Some(inside) = below(image, project) else { return Ok(()) };
    let first = inside.components().next().map(|first| first.as_os_str().to_string_lossy().into_owned());
    if first.is_some_and(|first| first != OUTPUT && !first.starts_with('.')) {
        bail!(
            "the image {} would be among the files of the app, and so a part of its next component; write it into {OUTPUT}, \
             as in --image {OUTPUT}/image.tar",
            image.display()
        );
    }
    Ok(())
}

/// The path from a folder to what lies in it, or will. Links are resolved as far as there is something.
fn below(path: &Path, folder: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    let folder = fs::canonicalize(folder).ok()?;
    let (there, missing) = path.ancestors().find_map(|ancestor| {
        let missing = path.strip_prefix(ancestor).ok()?;
        Some((fs::canonicalize(ancestor).ok()?, missing))
    })?;
    there.join(missing).strip_prefix(folder).ok().map(Path::to_owned)
}

/// Checks that Lambda can unpack a function of this size.
pub(in crate::command) fn check_size(size: Size) -> Result<()> {
    if size > UNZIPPED {
        bail!(
            "the function has {} unzipped, but Lambda takes at most {}; make the component smaller",
            size.mebibytes(),
            UNZIPPED.mebibytes()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lambda_does_not_unpack_is_refused() {
        check_size(UNZIPPED).unwrap();
        let error = check_size(Size(UNZIPPED.0 * 2)).unwrap_err().to_string();
        assert!(error.contains("500.0 MiB unzipped, but Lambda takes at most 250.0 MiB"), "{error}");
    }

    #[test]
    fn an_image_is_not_among_the_files_of_an_app() {
        let home = tempfile::tempdir().unwrap();
        let project = home.path().join("shop");
        fs::create_dir(&project).unwrap();
        for name in ["build-output/image", "build-output/image.tar", ".image", "../image", "../images/of/it.tar"] {
            apart(&project.join(name), &project).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        std::os::unix::fs::symlink(&project, home.path().join("link")).unwrap();
        for path in [project.join("image.tar"), project.join("images/of"), home.path().join("link/image")] {
            let error = apart(&path, &project).unwrap_err().to_string();
            assert!(error.contains("--image build-output/image.tar"), "{error}");
        }
    }

    #[test]
    fn an_image_is_not_among_the_assets() {
        let home = tempfile::tempdir().unwrap();
        let assets = home.path().join("public");
        fs::create_dir(&assets).unwrap();
        outside(&home.path().join("image.tar"), Some(&assets)).unwrap();
        outside(&home.path().join("image.tar"), None).unwrap();
        for name in ["image", "not/there/yet/image.tar"] {
            let error = outside(&assets.join(name), Some(&assets)).unwrap_err().to_string();
            assert!(error.contains("write it elsewhere"), "{error}");
        }
    }
}
