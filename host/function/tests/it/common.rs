//! The test guest, compiled once.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use funcserver_engine::{Guest, Target, compile};
use funcserver_test_guest::Options;

static COMPILED: LazyLock<Vec<u8>> =
    LazyLock::new(|| compile::compile(funcserver_test_guest::WASM, Target::Host).unwrap());

pub fn guest(options: impl Into<Options>) -> Guest {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("handler.cwasm");
    std::fs::write(&path, &*COMPILED).unwrap();
    // A file that is mapped may be removed.
    funcserver_test_guest::load(&path, options).unwrap()
}

/// Lambda's deadline for an event that has so much time.
pub fn deadline_in(time: Duration) -> u64 {
    let deadline = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + time;
    u64::try_from(deadline.as_millis()).unwrap()
}
