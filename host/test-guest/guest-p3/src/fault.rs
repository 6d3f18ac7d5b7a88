//! Requests that end without an answer.

use std::hint::black_box;

use wasip3::http::types::Fields;
use wasip3::wit_stream;

/// Executes `unreachable` without printing anything. Tests search for this name in backtraces.
#[inline(never)]
pub fn trap() -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort()
}

/// Computes forever and calls no function of the host.
pub fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Recurses until the stack overflows.
pub fn overflow_stack() -> ! {
    descend(0);
    unreachable!("the stack has no end")
}

#[expect(unconditional_recursion, reason = "it is the purpose")]
#[inline(never)]
fn descend(depth: u64) -> u64 {
    black_box(descend(black_box(depth + 1))) + depth
}

/// Allocates and touches memory until it fails.
pub fn exhaust_memory() -> ! {
    let mut blocks = Vec::new();
    loop {
        blocks.push(black_box(allocate(1)));
    }
}

/// Allocates and touches this many MiB of memory.
pub fn allocate(mebibytes: usize) -> Vec<u8> {
    black_box(vec![1; mebibytes << 20])
}

/// Creates and keeps host resources until the host refuses.
pub fn exhaust_handles() -> ! {
    loop {
        std::mem::forget(Fields::new());
    }
}

/// Creates and keeps `count` streams.
pub fn keep_streams(count: usize) {
    for _ in 0..count {
        std::mem::forget(wit_stream::new::<u8>());
    }
}
