//! Compiled components, kept so that the same component is compiled once: in
//! `${XDG_CACHE_HOME:-~/.cache}/funcserver/components`, each as `KEY.cwasm` beside its facts, `KEY.cwasm.json`.
//!
//! They are machine code: the folder is used only if it is this user's alone. Every use checks the hash of the bytes that it
//! hands out; what does not fit is compiled again. What nobody used for a month is removed.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use funcserver_engine::{Target, WASMTIME_VERSION, compile};
use funcserver_function::artifact::Artifact;
use funcserver_function::config::Env;
use funcserver_function::marker;
use tempfile::TempDir;

use crate::hash::sha256;
use crate::input;
use crate::output;
use crate::private_folder::PrivateFolder;
use crate::size::Size;

/// The folders in the user's folder for caches.
const FOLDERS: [&str; 2] = ["funcserver", "components"];

/// The largest file of facts that is read.
const FACTS: Size = Size(4 << 20);

/// A folder of compiled components.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PrivateFolder,
    /// Where there is no home for a cache it lasts as long as this process.
    _temporary: Option<TempDir>,
}

/// One compiled component.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Where it lies, for messages.
    pub(crate) path: PathBuf,
    /// What it holds.
    pub(crate) bytes: Vec<u8>,
    /// Its facts.
    pub(crate) facts: Artifact,
}

/// How long an unused component is kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl Cache {
    /// The user's cache, or one for this process alone if that cannot be used.
    pub(crate) fn open(env: &dyn Env) -> io::Result<Cache> {
        match home(env) {
            Some(home) => match writable(&home) {
                Ok(folder) => return Ok(Cache { folder, _temporary: None }),
                Err(error) => {
                    let folder = home.join(FOLDERS.join("/"));
                    output::warn(format_args!("cannot keep compiled components in {}: {error}", folder.display()));
                }
            },
            None => output::warn("cannot keep compiled components: neither XDG_CACHE_HOME nor HOME is set"),
        }
        let temporary = TempDir::with_prefix("funcserver-")?;
        Ok(Cache { folder: PrivateFolder::within(temporary.path(), &FOLDERS)?, _temporary: Some(temporary) })
    }

    /// The component that was compiled from a source with the hash `source` for `target`, if it is here and whole.
    pub(crate) fn get(&self, source: &str, target: Target) -> Option<Kept> {
        let name = name(source, target);
        let path = self.folder.path(&name);
        let facts: Artifact = serde_json::from_slice(&self.folder.read(&facts_of(&name), FACTS).ok()?).ok()?;
        let file = self.folder.open(&name).ok()?;
        let bytes = input::bounded(&file, input::COMPONENT).ok()?;
        let whole = facts.source_sha256 == source && facts.check_hash(&path, &sha256(&bytes)).is_ok();
        if !whole {
            return None;
        }
        // The time of the last use, for `prune`; a cache that is only readable works too.
        let _ = file.set_modified(SystemTime::now());
        Some(Kept { path, bytes, facts })
    }

    /// Keeps a component that was compiled for `target`.
    pub(crate) fn put(&self, bytes: Vec<u8>, facts: Artifact, target: Target) -> io::Result<Kept> {
        let name = name(&facts.source_sha256, target);
        self.folder.write(&name, &bytes)?;
        self.folder.write(&facts_of(&name), facts.to_json()?.as_bytes())?;
        self.prune();
        Ok(Kept { path: self.folder.path(&name), bytes, facts })
    }

    fn prune(&self) {
        for name in self.folder.names().unwrap_or_default() {
            let modified = self.folder.open(&name).and_then(|file| file.metadata()?.modified());
            let age = modified.ok().and_then(|time| time.elapsed().ok());
            if age.is_none_or(|age| age <= KEPT) {
            } else if name.ends_with(".cwasm") {
                let _ = self.folder.remove(&facts_of(&name)).and_then(|()| self.folder.remove(&name));
            } else if name.starts_with('.') {
                // Of a process that did not come to its end.
                let _ = self.folder.remove(&name);
            }
        }
    }
}

/// All that decides what the compiler makes of a source is in the name.
fn name(source: &str, target: Target) -> String {
    let (settings, target) = (compile::SETTINGS_REVISION, target.triple());
    let key = format!("{source} {} {WASMTIME_VERSION} {settings} {target}", marker::VERSION);
    sha256(key.as_bytes()) + ".cwasm"
}

fn facts_of(name: &str) -> String {
    format!("{name}.json")
}

/// The cache in a user's folder for caches, which takes files.
fn writable(home: &Path) -> io::Result<PrivateFolder> {
    let folder = PrivateFolder::within(home, &FOLDERS)?;
    folder.probe()?;
    Ok(folder)
}

/// The folder for caches (XDG Base Directory Specification: a relative path counts as none).
fn home(env: &dyn Env) -> Option<PathBuf> {
    let absolute = |name| env.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))
}
