//! `wasi:random`: all bytes are from the operating system, so that no two instances have the same bytes, even if they
//! were restored from the same snapshot.
//!
//! Wasmtime takes four bytes of its source for each byte that it returns, which would take a system call each. A guest
//! that seeds its generator, as every instance of Python does, needs thousands of bytes. This host reads them in one
//! call. generator, as every instance of Python does, asks for thousands: they are asked for at once.

use rand::TryRng as _;
use rand::rngs::SysRng;
use wasmtime::component::{Linker, LinkerInstance};
use wasmtime::{StoreContextMut, bail};
use wasmtime_wasi::p2::bindings::random as p2;
use wasmtime_wasi::p3::bindings::random as p3;
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};

use super::shadow::{P2, P3, shadow};
use super::{Interface, Offer};
use crate::state::State;

/// The most bytes that a guest may ask for in one call.
pub(crate) const MOST: u64 = 1 << 20;

const SECURE: &str = "wasi:random/random";
const INSECURE: &str = "wasi:random/insecure";

pub(super) const INTERFACES: &[Interface] = &[
    Interface { name: INSECURE, offers: &[Offer::p2(insecure_0_2), Offer::p3(insecure_0_3)] },
    Interface {
        name: "wasi:random/insecure-seed",
        offers: &[
            Offer::p2(|linker| p2::insecure_seed::add_to_linker::<_, WasiRandom>(linker, State::random)),
            Offer::p3(|linker| p3::insecure_seed::add_to_linker::<_, WasiRandom>(linker, State::random)),
        ],
    },
    Interface { name: SECURE, offers: &[Offer::p2(secure_0_2), Offer::p3(secure_0_3)] },
];

fn secure_0_2(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    p2::random::add_to_linker::<_, WasiRandom>(linker, State::random)?;
    shadow(linker, SECURE, P2, |random| give(random, "get-random-bytes", exactly))
}

fn secure_0_3(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    p3::random::add_to_linker::<_, WasiRandom>(linker, State::random)?;
    shadow(linker, SECURE, P3, |random| give(random, "get-random-bytes", at_most))
}

fn insecure_0_2(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    p2::insecure::add_to_linker::<_, WasiRandom>(linker, State::random)?;
    shadow(linker, INSECURE, P2, |random| give(random, "get-insecure-random-bytes", exactly))
}

fn insecure_0_3(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    p3::insecure::add_to_linker::<_, WasiRandom>(linker, State::random)?;
    shadow(linker, INSECURE, P3, |random| give(random, "get-insecure-random-bytes", at_most))
}

type Bytes = fn(u64) -> wasmtime::Result<Vec<u8>>;

fn give(random: &mut LinkerInstance<'_, State>, function: &str, bytes: Bytes) -> wasmtime::Result<()> {
    random.func_wrap(function, move |_: StoreContextMut<'_, State>, (length,): (u64,)| Ok((bytes(length)?,)))
}

fn exactly(length: u64) -> wasmtime::Result<Vec<u8>> {
    if length > MOST {
        bail!("the guest asked for more than 1 MiB of random bytes at once");
    }
    at_most(length)
}

fn at_most(length: u64) -> wasmtime::Result<Vec<u8>> {
    let mut bytes = vec![0; length.min(MOST) as usize];
    SysRng.try_fill_bytes(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_any_length_are_filled() {
        for length in [0, 1, 7, 256, 2496, MOST] {
            // Some of these bytes are not zero, unless none was filled.
            let mut ends = [0, 0];
            for _ in 0..20 {
                let bytes = exactly(length).unwrap();
                assert_eq!(bytes.len() as u64, length);
                ends[0] |= bytes.first().copied().unwrap_or(1);
                ends[1] |= bytes.last().copied().unwrap_or(1);
            }
            assert!(ends[0] != 0 && ends[1] != 0, "{length}");
        }
    }

    #[test]
    fn a_request_above_the_limit_is_rejected_or_truncated() {
        assert!(exactly(MOST + 1).unwrap_err().to_string().contains("1 MiB"));
        assert_eq!(at_most(u64::MAX).unwrap().len() as u64, MOST);
    }

    #[test]
    fn no_bytes_are_returned_twice() {
        assert_ne!(exactly(32).unwrap(), exactly(32).unwrap());
    }
}
