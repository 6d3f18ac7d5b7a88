//! The project's own root certificates (`network.ca`): a PEM file that goes into the zip.

use std::fs;
use std::path::{Component, Path};

use anyhow::{Context as _, Result, bail};
use funcserver_engine::check_roots;

use crate::assets::Asset;
use crate::input;
use crate::size::Size;

/// The largest file that is read. Amazon's bundle for all regions has 170 kB.
const MOST: Size = Size(4 << 20);

/// Checks that the file is in the project and has a certificate.
///
/// # Errors
/// It leads out of the project's folder, which is the working folder; it cannot be read; or it has no certificate.
pub(crate) fn check(file: &Path) -> Result<()> {
    let opened = fs::canonicalize(file).with_context(|| format!("network.ca: cannot read {}", file.display()))?;
    let project = fs::canonicalize(".").context("cannot tell the project's folder")?;
    if !opened.starts_with(&project) {
        bail!(
            "network.ca: {} leads out of the project, to {}; replace it by a copy of that file",
            file.display(),
            opened.display()
        );
    }
    if let Err(problem) = check_roots(&opened) {
        bail!("network.ca: {problem}; it must be a PEM file with a certificate");
    }
    Ok(())
}

/// The file for the zip.
///
/// # Errors
/// As those of [`check`].
pub(crate) fn read(file: &Path) -> Result<Asset> {
    check(file)?;
    let bytes = input::read(file, MOST).with_context(|| format!("network.ca: cannot read {}", file.display()))?;
    let parts = file.components().filter_map(|part| match part {
        Component::Normal(part) => part.to_str(),
        _ => None,
    });
    Ok(Asset { name: parts.collect::<Vec<_>>().join("/"), bytes })
}
