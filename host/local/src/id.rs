//! Names for requests, traces and extensions. They have to differ, not to be secret.

use std::hash::{BuildHasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

/// A version 4 UUID (RFC 9562, section 5.4), as Lambda names requests.
pub fn request_id() -> String {
    let (high, low) = (random(), random());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        8 | (low >> 62),
        (low >> 48) & 0xfff,
        low & 0xffff_ffff_ffff
    )
}

/// `1-<time>-<id>`: the version, 8 hexadecimal digits of Unix time, 24 of chance (AWS X-Ray, "Tracing header").
pub(crate) fn trace_root() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("1-{seconds:08x}-{:016x}{:08x}", random(), random() & 0xffff_ffff)
}

/// 64 random bits, from the keys that the standard library's hash maps get from the operating system.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_form_and_differ() {
        let (one, other) = (request_id(), request_id());
        assert_ne!(one, other);
        let lengths: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{one}");
        assert_eq!(&one[14..15], "4", "{one}");
        assert!(matches!(&one[19..20], "8" | "9" | "a" | "b"), "{one}");
    }

    #[test]
    fn traces_have_their_form_and_differ() {
        let (one, other) = (trace_root(), trace_root());
        assert_ne!(one, other);
        let lengths: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(lengths, [1, 8, 24], "{one}");
    }
}
