//! A package that makes components of apps, as the tool carries it, and its copy in the user's cache.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use funcserver_function::config::Env;

use crate::cache::sha256;
use crate::size::Size;
use crate::user_cache::UserCache;

/// A package that the tool carries.
#[derive(Debug)]
pub(crate) struct EmbeddedSdk {
    /// The output of `embed.rs`: the paths in the package, and the contents.
    pub(crate) files: &'static [(&'static str, &'static [u8])],
    /// The folder of the user's cache.
    pub(crate) cache: &'static str,
    /// The package, for messages.
    pub(crate) what: &'static str,
}

/// A copy of a package.
#[derive(Debug)]
pub(crate) struct UnpackedSdk {
    /// Its folder.
    pub(crate) path: PathBuf,
    /// The folder of the copies of all versions.
    pub(crate) cache: UserCache,
}

impl EmbeddedSdk {
    /// Writes the files that the cache lacks. Each file is written atomically, so several tools may do this at once.
    ///
    /// # Errors
    /// Those of the system, and if the folder may have been written by another user.
    pub(crate) fn unpack(&self, env: &dyn Env) -> io::Result<UnpackedSdk> {
        let cache = UserCache::open(env, self.cache, self.what)?;
        let hash = self.hash();
        for (path, bytes) in self.files {
            let mut folders = vec![hash.as_str()];
            folders.extend(path.split('/'));
            let Some(name) = folders.pop() else { continue };
            let folder = cache.folder(&folders)?;
            let is_there = folder.read(name, Size::of(bytes)).is_ok_and(|found| found == *bytes);
            if !is_there {
                folder.write(name, bytes)?;
            }
        }
        Ok(UnpackedSdk { path: cache.folder.path(&hash), cache })
    }

    /// A hash of all files. Another tool may have other files, and both may run at once.
    fn hash(&self) -> String {
        let listed = self.files.iter().fold(String::new(), |mut text, (path, bytes)| {
            let _ = writeln!(text, "{path} {}", sha256(bytes));
            text
        });
        sha256(listed.as_bytes()).chars().take(32).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::thread;

    use funcserver_function::config::Variables;

    use super::*;

    const SDK: EmbeddedSdk =
        EmbeddedSdk { files: &[("main.js", b"1"), ("guest/a.js", b"2")], cache: "some-sdk", what: "the package" };

    #[test]
    fn a_missing_or_changed_file_is_written_again_by_any_of_several_tools() {
        let home = tempfile::tempdir().unwrap();
        let env: Variables = [("XDG_CACHE_HOME", home.path().to_str().unwrap())].into_iter().collect();
        let check = || {
            let sdk = SDK.unpack(&env).unwrap();
            for (path, bytes) in SDK.files {
                assert_eq!(fs::read(sdk.path.join(path)).unwrap(), *bytes, "{path}");
            }
            sdk.path
        };
        let path = check();
        fs::write(path.join("main.js"), "changed").unwrap();
        fs::remove_dir_all(path.join("guest")).unwrap();
        thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(check))));
        check();
    }
}
