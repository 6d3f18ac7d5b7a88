//! Node.js, and the package that makes components of its apps.

use std::path::Path;

use funcserver_function::config::Env;
use funcserver_function::marker;
use serde::Deserialize;

use super::toolchains::{Needed, version_of};
use super::{Finding, program};
use crate::input;
use crate::size::Size;

/// The oldest Node.js that the builder runs on.
const OLDEST: (u32, u32) = (20, 0);

/// The package in the project, which is used if it has the tool's version.
const PACKAGE: &str = "node_modules/funcserver/package.json";

/// The largest manifest that is read.
const MANIFEST: Size = Size(1 << 20);

#[derive(Debug, Deserialize)]
struct Manifest {
    version: String,
}

pub(super) fn findings(needed: Needed, env: &dyn Env) -> Vec<Finding> {
    let remedy = "apps in JavaScript need Node.js 20 or later with npm: install it from https://nodejs.org";
    let node = version_of("node", &["--version"], OLDEST, remedy, needed, env);
    // npm is a program of Node.js, which takes half a second to print its version.
    let npm = match program::find("npm", env) {
        Some(path) => Finding { place: Some(path.display().to_string()), ..Finding::ok("npm") },
        None => needed.missing("npm", remedy.to_owned()),
    };
    let mut findings = vec![node, npm];
    findings.extend(sdk(Path::new(PACKAGE)));
    findings
}

/// The package `funcserver` in the project, if there is one.
fn sdk(path: &Path) -> Option<Finding> {
    let bytes = input::read(path, MANIFEST).ok()?;
    let (name, place) = ("npm package funcserver", Some(path.parent()?.display().to_string()));
    Some(match serde_json::from_slice::<Manifest>(&bytes) {
        Ok(Manifest { version }) if version == marker::VERSION => {
            Finding { version: Some(version), place, ..Finding::ok(name) }
        }
        Ok(Manifest { version }) => {
            let note = format!(
                "this is funcserver {own}, and apps are built with {own}; install the same version: npm install \
                 --save-dev funcserver@{own}",
                own = marker::VERSION
            );
            Finding { version: Some(version), place, ..Finding::problem(name, note) }
        }
        Err(_) => {
            let note = "the package is damaged: remove node_modules/funcserver, and run: npm install";
            Finding { place, ..Finding::problem(name, note) }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::Status;
    use super::*;

    #[test]
    fn the_package_must_have_the_version_of_the_tool() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("package.json");
        assert!(sdk(&path).is_none());
        for (text, status) in [
            (format!(r#"{{"version":"{}"}}"#, marker::VERSION), Status::Ok),
            (r#"{"version":"9.8.7"}"#.to_owned(), Status::Problem),
            (r#"{"version":"#.to_owned(), Status::Problem),
        ] {
            fs::write(&path, &text).unwrap();
            assert_eq!(sdk(&path).unwrap().status, status, "{text}");
        }
    }
}
