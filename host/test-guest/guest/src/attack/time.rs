//! Endless work, most of it in single slow instructions or calls.

use std::hint::black_box;

use wasip2::clocks::monotonic_clock::{now, subscribe_duration};
use wasip2::io::poll;
use wasip2::random::random::get_random_bytes;

pub fn fill(mebibytes: usize) -> ! {
    let mut memory = vec![1_u8; mebibytes << 20];
    let mut byte = 0_u8;
    loop {
        byte = byte.wrapping_add(1);
        black_box(&mut memory).fill(byte);
    }
}

pub fn copy(mebibytes: usize) -> ! {
    let mut memory = vec![1_u8; mebibytes << 20];
    loop {
        let last = black_box(&mut memory).len() - 1;
        memory.copy_within(..last, 1);
    }
}

pub fn poll(count: usize) -> ! {
    let mut all: Vec<_> = (0..count).map(|_| subscribe_duration(u64::MAX)).collect();
    all.push(subscribe_duration(0));
    let all: Vec<_> = all.iter().collect();
    loop {
        black_box(poll::poll(&all));
    }
}

pub fn draw() -> ! {
    loop {
        black_box(get_random_bytes(1 << 20));
    }
}

pub fn call() -> ! {
    loop {
        black_box(now());
    }
}
