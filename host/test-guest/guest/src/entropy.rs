use std::hash::{BuildHasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use wasip2::random::{insecure, insecure_seed, random};

use crate::answer::Answer;

/// One value of each source of randomness: `bytes` (32, in base64), `insecure`, `insecure_seed` (a pair) and `hash`, what
/// the standard library's hash maps make of it; and `now_ms`, the time since the Unix epoch.
pub fn answer() -> Answer {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Answer::json(&json!({
        "bytes": BASE64_STANDARD.encode(random::get_random_bytes(32)),
        "insecure": insecure::get_insecure_random_u64(),
        "insecure_seed": insecure_seed::insecure_seed(),
        "hash": RandomState::new().hash_one("guest"),
        "now_ms": now.as_millis() as u64,
    }))
}
