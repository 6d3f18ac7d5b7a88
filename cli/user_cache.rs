//! The folders in the user's folder for caches, `${XDG_CACHE_HOME:-~/.cache}/funcserver`.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use funcserver_function::config::Env;
use tempfile::TempDir;

use crate::output;
use crate::private_folder::PrivateFolder;

/// How long a file is kept that is not used.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How to get a cache.
const REMEDY: &str = "set XDG_CACHE_HOME to a folder that you may write to";

/// A folder of the cache that only this user can write to.
#[derive(Debug)]
pub(crate) struct UserCache {
    pub(crate) folder: PrivateFolder,
    home: PathBuf,
    names: [&'static str; 2],
    /// If there is no folder for caches, the cache lasts as long as this process.
    _temporary: Option<TempDir>,
}

impl UserCache {
    /// The folder `name` of the user's cache, or one for this process alone if that cannot be used. `what` says in a
    /// warning what is in it.
    pub(crate) fn open(env: &dyn Env, name: &'static str, what: &str) -> io::Result<UserCache> {
        let names = ["funcserver", name];
        match home(env) {
            Some(home) => match writable(&home, &names) {
                Ok(folder) => return Ok(UserCache { folder, home, names, _temporary: None }),
                Err(error) => {
                    let folder = home.join(names.join("/"));
                    output::warn(format_args!("cannot cache {what} in {}: {error}; {REMEDY}", folder.display()));
                }
            },
            None => output::warn(format_args!("cannot cache {what}: neither XDG_CACHE_HOME nor HOME is set; {REMEDY}")),
        }
        let temporary = TempDir::with_prefix("funcserver-")?;
        let home = temporary.path().to_owned();
        Ok(UserCache { folder: PrivateFolder::within(&home, &names)?, home, names, _temporary: Some(temporary) })
    }

    /// A folder in this one. Missing folders are created.
    ///
    /// # Errors
    /// As those of [`PrivateFolder::within`].
    pub(crate) fn folder(&self, below: &[&str]) -> io::Result<PrivateFolder> {
        PrivateFolder::within(&self.home, &[&self.names, below].concat())
    }

    /// Notes that a file was used now. A cache that is only readable works too.
    pub(crate) fn touch(&self, name: &str) {
        let _ = self.folder.open(name).and_then(|file| file.set_modified(SystemTime::now()));
    }

    /// Removes the files that were not used for a month.
    pub(crate) fn prune(&self) {
        for name in self.unused() {
            let _ = self.folder.remove(&name);
        }
    }

    /// The names of the files that were not used for a month.
    pub(crate) fn unused(&self) -> Vec<String> {
        let names = self.folder.names().unwrap_or_default().into_iter();
        let is_old = |name: &String| {
            let modified = self.folder.open(name).and_then(|file| file.metadata()?.modified());
            let age = modified.ok().and_then(|time| time.elapsed().ok());
            age.is_some_and(|age| age > MAX_AGE)
        };
        names.filter(is_old).collect()
    }
}

/// The folder of all caches, if files can be written to the one of compiled components.
///
/// # Errors
/// Why not, in a sentence.
pub(crate) fn folder(env: &dyn Env) -> Result<PathBuf, String> {
    let Some(home) = home(env) else { return Err(format!("neither XDG_CACHE_HOME nor HOME is set; {REMEDY}")) };
    let folder = home.join("funcserver");
    match writable(&home, &["funcserver", "components"]) {
        Ok(_) => Ok(folder),
        Err(error) => Err(format!("cannot write to {}: {error}; {REMEDY}", folder.display())),
    }
}

/// The folder, if files can be written there.
fn writable(home: &Path, names: &[&str]) -> io::Result<PrivateFolder> {
    let folder = PrivateFolder::within(home, names)?;
    folder.probe()?;
    Ok(folder)
}

/// The user's folder for caches (XDG Base Directory Specification: a relative path is ignored).
fn home(env: &dyn Env) -> Option<PathBuf> {
    let absolute = |name| env.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))
}
