//! The table of events and their expected answers, which are decided in advance. If more than one answer is right, a
//! comment says why.

mod bodies;
mod events;
mod faults;
mod files;
mod good;
mod http1;
mod http2;
mod log;
mod memory;
mod names;
mod time;
mod tls;

use crate::case::Kind;
use crate::judge::{Expected, sum};
use crate::peers::served;
use crate::random::Random;

pub(crate) fn all() -> Vec<Kind> {
    let parts = [
        good::all(),
        bodies::all(),
        events::all(),
        faults::all(),
        files::all(),
        http1::all(),
        http2::all(),
        log::all(),
        memory::all(),
        names::all(),
        time::all(),
        tls::all(),
    ];
    parts.into_iter().flatten().collect()
}

/// The guest's report of a request that a peer served correctly: `length` bytes for this number.
fn told(number: u64, length: usize) -> Expected {
    let bytes = served(number, length);
    Expected::text(&format!("status=200 bytes={length} sum={:016x}", sum(&bytes)))
}

/// A path for which peers serve some bytes, with its number and length.
fn path(word: &str, most: u64, random: &mut Random) -> (String, u64, usize) {
    let (number, length) = (random.next(), random.below(most) as usize);
    (format!("/{word}/{number:x}/{length}"), number, length)
}

/// The guest was still running at its deadline.
fn deadline() -> Expected {
    Expected::Failure(&["deadline"])
}
