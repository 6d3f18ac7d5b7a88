//! The test guest, and times.

use std::time::{Duration, SystemTime};

use funcserver_engine::Guest;
use funcserver_test_guest::{Options, WASM, compiled, load};

pub fn guest(options: impl Into<Options>) -> Guest {
    load(&compiled(WASM), options).unwrap()
}

/// Lambda's deadline for an event that has so much time.
pub fn deadline_in(time: Duration) -> u64 {
    let deadline = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + time;
    u64::try_from(deadline.as_millis()).unwrap()
}
