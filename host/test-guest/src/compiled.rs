//! Compiled components, cached in the target folder: every test process needs the same few.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use funcserver_engine::{Target, compile};
use tempfile::NamedTempFile;

/// A hash of all that decides what a component is compiled to: the build script makes it of what compiles them and of
/// `Cargo.lock`.
const COMPILER: &str = env!("FUNCSERVER_TEST_COMPILER");

/// How long an unused file is kept. No test process runs that long, so a file that is removed is not in use.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The path of the component's machine code for this machine. It is compiled if no test process has done so since the
/// compiler last changed.
///
/// # Panics
/// The component cannot be compiled, or the target folder cannot be written to.
#[must_use]
pub fn compiled(wasm: &[u8]) -> PathBuf {
    let folder = Path::new(env!("OUT_DIR")).join("compiled");
    cached(&folder, wasm, &|| {
        compile::compile(wasm, Target::Host).unwrap_or_else(|error| panic!("cannot compile a test guest: {error}"))
    })
    .unwrap_or_else(|error| panic!("cannot cache a compiled test guest in {}: {error}", folder.display()))
}

fn cached(folder: &Path, wasm: &[u8], compile: &dyn Fn() -> Vec<u8>) -> io::Result<PathBuf> {
    let mut hash = DefaultHasher::new();
    wasm.hash(&mut hash);
    let path = folder.join(format!("{COMPILER}-{:016x}.cwasm", hash.finish()));
    // The time of the last use, for `prune`.
    if File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now())).is_ok() {
        return Ok(path);
    }
    fs::create_dir_all(folder)?;
    // Renamed when it is complete, because several test processes may do this at once.
    let file = NamedTempFile::new_in(folder)?;
    fs::write(&file, compile())?;
    file.persist(&path)?;
    prune(folder);
    Ok(path)
}

fn prune(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        if modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > KEPT)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn count(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn each_component_is_compiled_once() {
        let folder = tempfile::tempdir().unwrap();
        let calls = Cell::new(0);
        let compile = || {
            calls.set(calls.get() + 1);
            vec![calls.get()]
        };
        let one = cached(folder.path(), b"one", &compile).unwrap();
        let two = cached(folder.path(), b"two", &compile).unwrap();
        assert_eq!(one, cached(folder.path(), b"one", &compile).unwrap());
        assert_eq!((fs::read(one).unwrap(), fs::read(two).unwrap(), calls.get()), (vec![1], vec![2], 2));
        assert_eq!(count(folder.path()), 2, "no temporary file is left");
    }

    #[test]
    fn what_was_not_used_for_long_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let old = folder.path().join("0-0.cwasm");
        File::create(&old).unwrap().set_modified(SystemTime::now() - KEPT - Duration::from_secs(60)).unwrap();
        let new = cached(folder.path(), b"new", &Vec::new).unwrap();
        assert!(new.is_file() && count(folder.path()) == 1);
    }
}
