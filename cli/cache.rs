//! The cache of compiled components, in `${XDG_CACHE_HOME:-~/.cache}/funcserver/components`. Each is `KEY.cwasm` beside
//! its facts, `KEY.cwasm.json`.
//!
//! The files are machine code, so the folder is used only if no other user can write to it. Every lookup checks the
//! hash of the bytes that it returns; a component that does not match is compiled again. Files that were not used for a
//! month are removed.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use funcserver_engine::compile::Optimization;
use funcserver_engine::{WASMTIME_VERSION, compile};
use funcserver_function::artifact::Artifact;
use funcserver_function::config::Env;
use funcserver_function::marker;
use sha2::{Digest as _, Sha256};

use crate::compiled::Goal;
use crate::input;
use crate::size::Size;
use crate::user_cache::UserCache;

/// The largest file of facts that is read.
const FACTS: Size = Size(4 << 20);

/// A folder of compiled components.
#[derive(Debug)]
pub(crate) struct Cache(UserCache);

/// One compiled component.
#[derive(Debug)]
pub(crate) struct CachedComponent {
    /// Its path, for messages.
    pub(crate) path: PathBuf,
    /// Its content.
    pub(crate) bytes: Vec<u8>,
    /// Its facts.
    pub(crate) facts: Artifact,
}

impl Cache {
    /// The user's cache, or one for this process alone if that cannot be used.
    pub(crate) fn open(env: &dyn Env) -> io::Result<Cache> {
        Ok(Cache(UserCache::open(env, "components", "compiled components")?))
    }

    /// The component that was compiled from a source with the hash `source`, if it is cached and intact.
    pub(crate) fn get(&self, source: &str, goal: Goal) -> Option<CachedComponent> {
        let name = name(source, goal);
        let path = self.0.folder.path(&name);
        let facts: Artifact = serde_json::from_slice(&self.0.folder.read(&facts_of(&name), FACTS).ok()?).ok()?;
        let file = self.0.folder.open(&name).ok()?;
        let bytes = input::bounded(&file, input::COMPONENT).ok()?;
        let whole = facts.source_sha256 == source && facts.check_hash(&path, &sha256(&bytes)).is_ok();
        if !whole {
            return None;
        }
        // The time of the last use, for `prune`; a cache that is only readable works too.
        let _ = file.set_modified(SystemTime::now());
        Some(CachedComponent { path, bytes, facts })
    }

    /// Caches a compiled component.
    pub(crate) fn put(&self, bytes: Vec<u8>, facts: Artifact, goal: Goal) -> io::Result<CachedComponent> {
        let name = name(&facts.source_sha256, goal);
        self.0.folder.write(&name, &bytes)?;
        self.0.folder.write(&facts_of(&name), facts.to_json()?.as_bytes())?;
        self.prune();
        Ok(CachedComponent { path: self.0.folder.path(&name), bytes, facts })
    }

    fn prune(&self) {
        for name in self.0.unused() {
            if name.ends_with(".cwasm") {
                let _ = self.0.folder.remove(&facts_of(&name)).and_then(|()| self.0.folder.remove(&name));
            } else if name.starts_with('.') {
                // A temporary file of a process that was killed.
                let _ = self.0.folder.remove(&name);
            }
        }
    }
}

/// The name contains everything that the compiler's output depends on.
fn name(source: &str, goal: Goal) -> String {
    let (settings, target) = (compile::SETTINGS_REVISION, goal.target.triple());
    let optimized = match goal.optimization {
        Optimization::Full => "",
        Optimization::None => " baseline",
    };
    let key = format!("{source} {} {WASMTIME_VERSION} {settings} {target}{optimized}", marker::VERSION);
    sha256(key.as_bytes()) + ".cwasm"
}

fn facts_of(name: &str) -> String {
    format!("{name}.json")
}

/// The SHA-256 of `bytes`.
pub(crate) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The SHA-256 of `bytes` in lower-case hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_is_the_one_of_fips_180() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(super::sha256(b"abc"), expected);
    }
}
