//! Ids of requests, traces and extensions. They must be unique, but not secret.

use std::time::{SystemTime, UNIX_EPOCH};

use rand::Rng as _;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

/// A version 4 UUID (RFC 9562, section 5.4), the format of Lambda's request ids.
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

/// A trace root, `1-<time>-<id>`: the version, the Unix time in 8 hexadecimal digits, and 24 random hexadecimal digits
/// (AWS X-Ray, "Tracing header").
pub(crate) fn trace_root() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("1-{seconds:08x}-{:016x}{:08x}", random(), random() & 0xffff_ffff)
}

/// 64 random bits from the operating system.
pub(crate) fn random() -> u64 {
    UnwrapErr(SysRng).next_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_well_formed_and_unique() {
        let (one, other) = (request_id(), request_id());
        assert_ne!(one, other);
        let lengths: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{one}");
        assert_eq!(&one[14..15], "4", "{one}");
        assert!(matches!(&one[19..20], "8" | "9" | "a" | "b"), "{one}");
    }

    #[test]
    fn trace_roots_are_well_formed_and_unique() {
        let (one, other) = (trace_root(), trace_root());
        assert_ne!(one, other);
        let lengths: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(lengths, [1, 8, 24], "{one}");
    }
}
