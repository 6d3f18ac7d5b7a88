use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;

use crate::answer::Answer;

/// Counts how often some bytes are in the memory of the instance, `{"found"}`. The text is base64url of these bytes, each
/// inverted, so that the instruction itself does not have them.
pub fn answer(text: &str) -> Answer {
    match BASE64_URL_SAFE_NO_PAD.decode(text) {
        Ok(inverted) if !inverted.is_empty() => Answer::json(&json!({ "found": count(&inverted) })),
        _ => Answer::bad_instruction(format!("{text:?} is no base64url")),
    }
}

fn count(inverted: &[u8]) -> usize {
    let is_it = |window: &&[u8]| window.iter().zip(inverted).all(|(byte, inverted)| *byte == !inverted);
    whole().windows(inverted.len()).filter(is_it).count()
}

/// The whole memory but its first byte, whose address is that of null.
#[cfg(target_arch = "wasm32")]
fn whole() -> &'static [u8] {
    let size = core::arch::wasm32::memory_size(0) << 16;
    // SAFETY: every address below the size can be read, and one thread runs.
    unsafe { core::slice::from_raw_parts(core::ptr::with_exposed_provenance(1), size - 1) }
}

#[cfg(not(target_arch = "wasm32"))]
fn whole() -> &'static [u8] {
    &[]
}
