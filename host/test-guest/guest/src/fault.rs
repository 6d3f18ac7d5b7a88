//! Ends of a request that are no answer.

use std::hint::black_box;

use wasip2::http::types::Fields;

/// `unreachable`, without a word before it. Its name is looked for in backtraces.
#[inline(never)]
pub fn trap() -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort()
}

/// Computes for ever and calls nothing of the host.
pub fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Calls itself until the stack ends.
pub fn overflow_stack() -> ! {
    descend(0);
    unreachable!("the stack has no end")
}

#[expect(unconditional_recursion, reason = "it is the purpose")]
#[inline(never)]
fn descend(depth: u64) -> u64 {
    black_box(descend(black_box(depth + 1))) + depth
}

/// Allocates and touches memory until there is no more.
pub fn exhaust_memory() -> ! {
    let mut blocks = Vec::new();
    loop {
        blocks.push(black_box(allocate(1)));
    }
}

/// That many MiB of memory, touched.
pub fn allocate(mebibytes: usize) -> Vec<u8> {
    black_box(vec![1; mebibytes << 20])
}

/// Makes so many resources of the host, and keeps them.
pub fn leak_handles(count: usize) {
    for _ in 0..count {
        std::mem::forget(Fields::new());
    }
}

/// Makes resources of the host, and keeps them, until it gives no more.
pub fn exhaust_handles() -> ! {
    loop {
        std::mem::forget(Fields::new());
    }
}
