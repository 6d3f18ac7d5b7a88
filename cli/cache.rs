//! Compiled components, kept so that the same component is compiled once: in
//! `${XDG_CACHE_HOME:-~/.cache}/funcserver/components`, each as `KEY.cwasm` beside its facts, `KEY.cwasm.json`.
//!
//! Files appear by renaming, so that nobody ever sees half of one. Every use checks the hash; what does not fit is
//! compiled again. What nobody used for a month is removed.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use funcserver_bootstrap::artifact::Artifact;
use funcserver_bootstrap::config::Env;
use funcserver_bootstrap::marker;
use funcserver_engine::{Target, WASMTIME_VERSION, compile};
use tempfile::{NamedTempFile, TempDir};

use crate::hash::sha256;
use crate::output;

/// A folder of compiled components.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    /// Where there is no home for a cache it lasts as long as this process.
    _temporary: Option<TempDir>,
}

/// One compiled component.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// What it holds.
    pub(crate) bytes: Vec<u8>,
    /// Its facts.
    pub(crate) facts: Artifact,
}

/// How long an unused component is kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl Cache {
    /// The user's cache, or one for this process alone if that cannot be written.
    pub(crate) fn open(env: &dyn Env) -> io::Result<Cache> {
        match home(env).map(|home| home.join("funcserver").join("components")) {
            Some(folder) => match fs::create_dir_all(&folder).and_then(|()| tempfile::tempfile_in(&folder)) {
                Ok(_) => return Ok(Cache { folder, _temporary: None }),
                Err(error) => {
                    output::warn(format_args!("cannot keep compiled components in {}: {error}", folder.display()))
                }
            },
            None => output::warn("cannot keep compiled components: neither XDG_CACHE_HOME nor HOME is set"),
        }
        let temporary = TempDir::with_prefix("funcserver-")?;
        Ok(Cache { folder: temporary.path().to_owned(), _temporary: Some(temporary) })
    }

    /// The component that was compiled from a source with the hash `source` for `target`, if it is here and whole.
    pub(crate) fn get(&self, source: &str, target: Target) -> Option<Kept> {
        let path = self.path(source, target);
        let facts = Artifact::read(&path).ok()??;
        let bytes = fs::read(&path).ok()?;
        let whole = facts.source_sha256 == source && facts.check_hash(&path, &sha256(&bytes)).is_ok();
        if !whole {
            return None;
        }
        // The time of the last use, for `prune`; a cache that is only readable works too.
        let _ = File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        Some(Kept { path, bytes, facts })
    }

    /// Keeps a component that was compiled for `target`.
    pub(crate) fn put(&self, bytes: Vec<u8>, facts: Artifact, target: Target) -> io::Result<Kept> {
        let path = self.path(&facts.source_sha256, target);
        write(&path, &bytes)?;
        write(&Artifact::path(&path), facts.to_json()?.as_bytes())?;
        self.prune();
        Ok(Kept { path, bytes, facts })
    }

    /// All that decides what the compiler makes of a source is in the name.
    fn path(&self, source: &str, target: Target) -> PathBuf {
        let (settings, target) = (compile::SETTINGS_REVISION, target.triple());
        let key = format!("{source} {} {WASMTIME_VERSION} {settings} {target}", marker::VERSION);
        self.folder.join(sha256(key.as_bytes()) + ".cwasm")
    }

    fn prune(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|time| time.elapsed().ok());
            if age.is_some_and(|age| age > KEPT) && path.extension().is_some_and(|ending| ending == "cwasm") {
                let _ = fs::remove_file(Artifact::path(&path)).and_then(|()| fs::remove_file(&path));
            }
        }
    }
}

/// Writes a file at once: it is there whole, or as it was before.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    open_to_readers(file.as_file())?;
    file.persist(path)?;
    Ok(())
}

/// Temporary files are for their owner alone; what is written here is as readable as any other file.
#[cfg(unix)]
fn open_to_readers(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn open_to_readers(_: &File) -> io::Result<()> {
    Ok(())
}

/// The folder for caches (XDG Base Directory Specification: a relative path counts as none).
fn home(env: &dyn Env) -> Option<PathBuf> {
    let absolute = |name| env.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))
}
