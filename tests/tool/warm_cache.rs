//! A cache that already contains the compiled mirror and example, which most tests serve: compiling them takes longer than
//! most tests.
//!
//! The tool under test compiles them once. The result is cached in the target folder, under a hash of the tool's
//! modification time and length, so that each build of the tool compiles them again.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::wasm::MIRROR;

/// The folder of compiled components, in a user's folder for caches.
const COMPONENTS: &str = "funcserver/components";

/// How long the cache of another build of the tool is kept: longer than any test process runs.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The names and contents of the files.
static FILES: LazyLock<Vec<(OsString, Vec<u8>)>> = LazyLock::new(|| {
    let entries = fs::read_dir(folder().join(COMPONENTS)).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect()
});

/// Fills a user's folder for caches.
pub(crate) fn make(cache: &Path) {
    let folder = cache.join(COMPONENTS);
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).unwrap();
    for (name, bytes) in &*FILES {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join(name));
        file.unwrap().write_all(bytes).unwrap();
    }
}

/// The folder for caches of a user who has compiled the mirror and the example.
fn folder() -> PathBuf {
    let tool = Path::new(env!("CARGO_BIN_EXE_funcserver"));
    let metadata = fs::metadata(tool).unwrap();
    let mut hash = DefaultHasher::new();
    (metadata.modified().unwrap(), metadata.len(), MIRROR).hash(&mut hash);
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tool-caches");
    let folder = parent.join(format!("{:016x}", hash.finish()));
    if !folder.is_dir() {
        fs::create_dir_all(&parent).unwrap();
        remove_old(&parent);
        // Renamed when it is complete, because several test processes may do this at once.
        let home = TempDir::new_in(&parent).unwrap();
        compile(tool, home.path());
        let renamed = fs::rename(home.path().join("cache"), &folder);
        assert!(folder.is_dir(), "{renamed:?}");
    }
    folder
}

fn compile(tool: &Path, home: &Path) {
    fs::write(home.join("mirror.wasm"), MIRROR).unwrap();
    for arguments in [&["build", "mirror.wasm"][..], &["build"]] {
        let mut command = Command::new(tool);
        command.args(arguments).current_dir(home).env_clear().env("XDG_CACHE_HOME", home.join("cache"));
        let built = command.output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    }
}

fn remove_old(parent: &Path) {
    for entry in fs::read_dir(parent).unwrap().flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::now());
        if modified.elapsed().is_ok_and(|age| age > KEPT) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
