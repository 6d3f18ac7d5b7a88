//! The npm package that makes components of apps, as the tool carries it, and the installation of what it needs.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};
use funcserver_function::config::Env;

use super::packages::npm;
use crate::app::EmbeddedSdk;
use crate::output;
use crate::subprocess::Subprocesses;

/// The name of the package. The version is the tool's.
pub(super) const PACKAGE: &str = "funcserver";

/// The package: what is in `guest-sdk/javascript`, without its tests.
const SDK: EmbeddedSdk = EmbeddedSdk {
    files: include!(concat!(env!("OUT_DIR"), "/javascript_sdk.rs")),
    cache: "javascript-sdk",
    what: "the npm package of funcserver",
};

/// The file that says that the packages are installed, and for which machine. npm removes it with the folder before it
/// installs, so that an installation that was interrupted is done again.
const STAMP: &str = "node_modules/.funcserver-installed";

/// The files of which npm installs the exact versions.
const LOCKS: [&str; 2] = ["npm-shrinkwrap.json", "package-lock.json"];

/// How long the package of another version is kept that is not used.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The package in the user's cache, with the packages that it needs.
#[derive(Debug)]
pub(super) struct NodeSdk(crate::app::UnpackedSdk);

impl NodeSdk {
    /// Writes the package to the cache, and installs what it needs once.
    ///
    /// # Errors
    /// The cache cannot be written, or npm fails.
    pub(super) fn install(programs: &Subprocesses, env: &dyn Env) -> Result<NodeSdk> {
        let sdk = SDK.unpack(env).context("cannot write the npm package of funcserver to the cache")?;
        let lock = sdk.path.with_extension("lock");
        let lock = File::create(&lock).with_context(|| format!("cannot write {}", lock.display()))?;
        // Another tool may be about to install it.
        lock.lock().context("cannot lock the cache of the npm package of funcserver")?;
        let stamp = sdk.path.join(STAMP);
        let machine = format!("{} {}\n", std::env::consts::OS, std::env::consts::ARCH);
        if fs::read_to_string(&stamp).is_ok_and(|found| found == machine) {
            let _ = File::options().write(true).open(&stamp).and_then(|file| file.set_modified(SystemTime::now()));
            return Ok(NodeSdk(sdk));
        }
        output::note("==> installing what makes components of apps in JavaScript, once for all projects");
        let locked = LOCKS.iter().any(|name| sdk.path.join(name).is_file());
        let mut command = npm(if locked { "ci" } else { "install" });
        command.arg("--omit=dev").current_dir(&sdk.path);
        install(command, programs).context(
            "npm could not install the packages that funcserver needs for apps in JavaScript; check the network and npm's \
             own lines above, and run it again",
        )?;
        fs::write(&stamp, &machine).with_context(|| format!("cannot write {}", stamp.display()))?;
        remove_unused(&sdk.cache.folder.path(""));
        Ok(NodeSdk(sdk))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0.path
    }
}

fn install(command: Command, programs: &Subprocesses) -> Result<()> {
    let end = super::packages::run_npm(command, programs)?;
    if !end.status.success() {
        bail!("{}", end.status);
    }
    Ok(())
}

/// Removes the packages of other versions that were not used for a month. They take 100 MB each.
fn remove_unused(cache: &Path) {
    for entry in fs::read_dir(cache).into_iter().flatten().flatten() {
        let used = entry.path().join(STAMP).metadata().and_then(|metadata| metadata.modified());
        let age = used.ok().and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age > MAX_AGE) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_builder_and_nothing_that_npm_installs() {
        let has = |name: &str| SDK.files.iter().any(|(path, _)| *path == name);
        assert!(has("package.json") && has("build/main.js"));
        assert!(LOCKS.into_iter().any(has));
        assert!(SDK.files.iter().all(|(path, _)| !path.starts_with("node_modules/") && !path.starts_with("test/")));
    }

    #[test]
    fn only_what_was_long_not_used_is_removed() {
        let cache = tempfile::tempdir().unwrap();
        let stamp = |name: &str| cache.path().join(name).join(STAMP);
        for name in ["new", "old", "half"] {
            fs::create_dir_all(stamp(name).parent().unwrap()).unwrap();
        }
        fs::write(stamp("new"), "").unwrap();
        fs::write(stamp("old"), "").unwrap();
        let long_ago = SystemTime::now() - MAX_AGE - Duration::from_secs(60);
        File::options().write(true).open(stamp("old")).unwrap().set_modified(long_ago).unwrap();
        remove_unused(cache.path());
        let left = |name: &str| cache.path().join(name).exists();
        assert!(left("new") && left("half") && !left("old"));
    }
}
