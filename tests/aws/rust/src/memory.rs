//! A search of the handler's own memory, as an attacker in it could do.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::Error;

/// This is in the memory, so that the test sees that a search finds.
static KEPT: &str = "wasm32-wasip2-kept-text";

/// How often a text is in this memory. The query has each byte of it inverted, in hexadecimal, because the query is in
/// this memory too.
pub(crate) fn search(query: &HashMap<String, String>) -> Result<Value, Error> {
    let inverted = query.get("inverted").ok_or("no text")?.as_bytes();
    let pairs = inverted.chunks_exact(2).map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?));
    let inverted = pairs.collect::<Result<Vec<u8>, Error>>()?;
    std::hint::black_box(KEPT);
    Ok(json!({ "found": count(whole(), &inverted) }))
}

fn count(memory: &[u8], inverted: &[u8]) -> usize {
    let Some((&first, rest)) = inverted.split_first() else { return 0 };
    let places = memory.iter().enumerate().filter(|&(_, &byte)| byte == !first);
    places
        .filter(|&(at, _)| {
            memory[at + 1..].iter().zip(rest).filter(|&(&byte, &other)| byte == !other).count() == rest.len()
        })
        .count()
}

#[cfg(target_family = "wasm")]
fn whole() -> &'static [u8] {
    const PAGE: usize = 65_536;
    let size = core::arch::wasm32::memory_size(0) * PAGE;
    // SAFETY: every byte of a linear memory up to its size can be read. The first is left out: a reference is never null.
    unsafe { std::slice::from_raw_parts(std::ptr::without_provenance(1), size - 1) }
}

/// There is no key to find natively.
#[cfg(not(target_family = "wasm"))]
fn whole() -> &'static [u8] {
    &[]
}
