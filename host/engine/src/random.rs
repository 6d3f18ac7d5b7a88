//! Random numbers for guests: always the operating system's, so that no two instances have the same, whatever a function was
//! restored from.
//!
//! wasmtime takes four bytes of its source for each byte that it gives, with a system call each here. A guest that seeds its
//! generator, as every instance of Python does, asks for thousands: they are asked for at once.

use rand::TryRng as _;
use rand::rngs::SysRng;
use wasmtime::component::Linker;
use wasmtime::{StoreContextMut, bail};

use crate::state::State;

/// The most bytes that a guest may ask for in one call.
pub(crate) const MOST: u64 = 1 << 20;

/// The functions that give bytes, as wasmtime has linked them; every 0.2 that a component asks for is answered by the one.
const SECURE: &str = "get-random-bytes";
const INSECURE: &str = "get-insecure-random-bytes";

/// Puts those of 0.2 in the place of wasmtime's.
pub(crate) fn add_0_2(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    replace(linker, "wasi:random/random@0.2.12", SECURE, exactly)?;
    replace(linker, "wasi:random/insecure@0.2.12", INSECURE, exactly)
}

/// Puts those of 0.3 in the place of wasmtime's.
pub(crate) fn add_0_3(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    replace(linker, "wasi:random/random@0.3.0", SECURE, at_most)?;
    replace(linker, "wasi:random/insecure@0.3.0", INSECURE, at_most)
}

type Bytes = fn(u64) -> wasmtime::Result<Vec<u8>>;

fn replace(linker: &mut Linker<State>, interface: &str, function: &str, bytes: Bytes) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    linker
        .instance(interface)?
        .func_wrap(function, move |_: StoreContextMut<'_, State>, (length,): (u64,)| Ok((bytes(length)?,)))?;
    linker.allow_shadowing(false);
    Ok(())
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
    fn every_length_is_filled() {
        for length in [0, 1, 7, 256, 2496, MOST] {
            // Of so many bytes some are no zeros, unless none is filled.
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
    fn more_than_the_most_is_refused_or_cut() {
        assert!(exactly(MOST + 1).unwrap_err().to_string().contains("1 MiB"));
        assert_eq!(at_most(u64::MAX).unwrap().len() as u64, MOST);
    }

    #[test]
    fn nothing_is_given_twice() {
        assert_ne!(exactly(32).unwrap(), exactly(32).unwrap());
    }
}
