//! The sources of the standard library, which rustup installs on request. The compiler finds them by itself, and panic
//! messages then have their paths on this machine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, str};

use crate::BuildError;

/// The flags with which a component has the same names for these files on every machine: those that the compiler gives
/// them where the sources are missing.
pub(crate) fn flags(rustc: &Path, environment: &[(OsString, OsString)]) -> Result<Vec<OsString>, BuildError> {
    let version = ask(rustc, "-vV", environment)?;
    let sysroot = ask(rustc, "--print=sysroot", environment)?;
    let sources = Path::new(sysroot.trim_end()).join("lib/rustlib/src/rust");
    Ok(commit(&version).map_or_else(Vec::new, |commit| renamed(&sources, commit)))
}

/// Compilers that a distribution built may not know theirs.
fn commit(version: &str) -> Option<&str> {
    version.lines().find_map(|line| line.strip_prefix("commit-hash: ")).filter(|commit| *commit != "unknown")
}

/// A toolchain may be a link to another one.
fn renamed(sources: &Path, commit: &str) -> Vec<OsString> {
    let mut paths: Vec<PathBuf> = vec![sources.to_owned()];
    paths.extend(fs::canonicalize(sources).ok().filter(|path| path != sources));
    let flag = |path: &PathBuf| {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(path);
        flag.push(format!("=/rustc/{commit}"));
        flag
    };
    paths.iter().map(flag).collect()
}

fn ask(rustc: &Path, question: &str, environment: &[(OsString, OsString)]) -> Result<String, BuildError> {
    let answer = Command::new(rustc)
        .arg(question)
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .output()
        .map_err(|error| BuildError::start(rustc, error))?;
    Ok(str::from_utf8(&answer.stdout).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn the_flags_are_of_the_compiler_and_its_commit() {
        let environment: Vec<_> = std::env::vars_os().collect();
        let flags = flags(Path::new("rustc"), &environment).unwrap();
        let version = ask(Path::new("rustc"), "-vV", &environment).unwrap();
        let commit = commit(&version).unwrap();
        assert!(!flags.is_empty());
        for flag in flags {
            let flag = flag.into_string().unwrap();
            assert!(flag.starts_with("--remap-path-prefix=/"), "{flag}");
            assert!(flag.ends_with(&format!("/lib/rustlib/src/rust=/rustc/{commit}")), "{flag}");
        }
    }

    #[test]
    fn a_toolchain_that_is_a_link_has_two_names() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        fs::create_dir(folder.join("stable")).unwrap();
        symlink("stable", folder.join("1.95.0")).unwrap();
        let flag = |name: &str| format!("--remap-path-prefix={}/{name}=/rustc/abc", folder.display());
        assert_eq!(renamed(&folder.join("1.95.0"), "abc"), [&*flag("1.95.0"), &*flag("stable")]);
        assert_eq!(renamed(&folder.join("stable"), "abc"), [&*flag("stable")]);
    }

    #[test]
    fn a_compiler_without_a_commit_gets_no_flag() {
        assert_eq!(commit("rustc 1.95.0\nbinary: rustc\ncommit-hash: unknown\n"), None);
        assert_eq!(commit("rustc 1.95.0\ncommit-hash: 5980\n"), Some("5980"));
    }
}
