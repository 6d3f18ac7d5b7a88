//! The Python package that makes components of apps, as the tool carries it.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use funcserver_function::config::Env;

use crate::cache::sha256;
use crate::size::Size;
use crate::user_cache::UserCache;

/// The name of the distribution. The version is the tool's.
pub(super) const DISTRIBUTION: &str = "funcserver-lambda";

/// The output of `embed.rs`: the paths in `guest-sdk/python/src`, and the contents.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/python_sdk.rs"));

/// A copy of the package in the user's cache, for Python to import.
#[derive(Debug)]
pub(crate) struct PythonSdk {
    /// The folder for `PYTHONPATH`.
    pub(super) path: PathBuf,
    _cache: UserCache,
}

impl PythonSdk {
    /// Writes the files that the cache lacks. Each file is written atomically, so several tools may do this at once.
    ///
    /// # Errors
    /// Those of the system, and if the folder may have been written by another user.
    pub(super) fn unpack(env: &dyn Env) -> io::Result<PythonSdk> {
        let cache = UserCache::open(env, "python-sdk", "the Python package of funcserver")?;
        let hash = hash();
        for (path, bytes) in FILES {
            let mut folders = vec![hash.as_str()];
            folders.extend(path.split('/'));
            let Some(name) = folders.pop() else { continue };
            let folder = cache.folder(&folders)?;
            let is_there = folder.read(name, Size::of(bytes)).is_ok_and(|found| found == *bytes);
            if !is_there {
                folder.write(name, bytes)?;
            }
        }
        Ok(PythonSdk { path: cache.folder.path(&hash), _cache: cache })
    }
}

/// A hash of all files. Another tool may have other files, and both may run at once.
fn hash() -> String {
    let listed = FILES.iter().fold(String::new(), |mut text, (path, bytes)| {
        let _ = writeln!(text, "{path} {}", sha256(bytes));
        text
    });
    sha256(listed.as_bytes()).chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::thread;

    use funcserver_function::config::Variables;

    use super::*;

    #[test]
    fn a_missing_or_changed_file_is_written_again_by_any_of_several_tools() {
        let home = tempfile::tempdir().unwrap();
        let env: Variables = [("XDG_CACHE_HOME", home.path().to_str().unwrap())].into_iter().collect();
        let check = || {
            let sdk = PythonSdk::unpack(&env).unwrap();
            for (path, bytes) in FILES {
                assert_eq!(fs::read(sdk.path.join(path)).unwrap(), *bytes, "{path}");
            }
            sdk.path
        };
        let path = check();
        fs::write(path.join("funcserver/__init__.py"), "changed").unwrap();
        fs::remove_dir_all(path.join("funcserver/guest")).unwrap();
        thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(check))));
        check();
    }

    #[test]
    fn there_is_no_bytecode_in_it() {
        assert!(FILES.iter().any(|(path, _)| *path == "funcserver/__init__.py"));
        assert!(FILES.iter().all(|(path, _)| !path.contains("__pycache__")));
    }
}
