//! The Go that compiles apps.

use std::io;
use std::process::Command;

use anyhow::{Result, anyhow, bail};

use crate::subprocess::Subprocesses;

pub(crate) const GO: &str = "go";

/// The oldest Go that compiles the guest package.
const OLDEST: (u32, u32) = (1, 26);

/// Checks that there is a Go, and that it is new enough.
///
/// # Errors
/// The error says what to install.
pub(super) fn check_go(programs: &Subprocesses) -> Result<()> {
    let mut command = Command::new(GO);
    command.args(["env", "GOVERSION"]);
    let (major, minor) = OLDEST;
    let end = programs.run(command).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => anyhow!(
            "there is no {GO} here, which compiles apps in Go; install Go {major}.{minor} or later: https://go.dev/dl"
        ),
        _ => anyhow!("cannot run {GO}: {error}"),
    })?;
    let version = end.stdout.trim();
    if !end.status.success() {
        // Such as a go.mod that Go cannot read, or a toolchain that it names and that cannot be downloaded.
        bail!("{GO} does not run here ({}); the lines above are its own", end.status);
    }
    match parsed(version) {
        Some(found) if found < OLDEST => {
            bail!("{GO} is {version}, and funcserver needs Go {major}.{minor} or later: https://go.dev/dl")
        }
        // A development version has no number.
        _ => Ok(()),
    }
}

/// The numbers of a version such as `go1.26.1`.
fn parsed(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.strip_prefix("go")?.split('.');
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?;
    let digits = minor.find(|c: char| !c.is_ascii_digit()).map_or(minor, |end| &minor[..end]);
    Some((major, digits.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_two_numbers() {
        for (version, expected) in [
            ("go1.26.1", Some((1, 26))),
            ("go1.26", Some((1, 26))),
            ("go1.27rc1", Some((1, 27))),
            ("go1.9.2 X:nodwarf5", Some((1, 9))),
            ("devel go1.27-abc", None),
            ("", None),
        ] {
            assert_eq!(parsed(version), expected, "{version}");
        }
    }
}
