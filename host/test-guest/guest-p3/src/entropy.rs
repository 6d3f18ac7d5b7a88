use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use wasip3::clocks::system_clock;
use wasip3::random::{insecure, insecure_seed, random};

use crate::answer::Answer;

/// One value of each source of randomness: `bytes` (32, in base64), `insecure` and `insecure_seed` (a pair); and `now`,
/// the seconds since the Unix epoch.
pub fn answer() -> Answer {
    Answer::json(&json!({
        "bytes": BASE64_STANDARD.encode(random::get_random_bytes(32)),
        "insecure": insecure::get_insecure_random_u64(),
        "insecure_seed": insecure_seed::get_insecure_seed(),
        "now": system_clock::now().seconds,
    }))
}
