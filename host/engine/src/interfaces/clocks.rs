//! `wasi:clocks`: the wall clock and the monotonic clock.

use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::clocks as p2;
use wasmtime_wasi::p3::bindings::clocks as p3;

use super::{Interface, Offer};
use crate::state::State;

pub(super) const INTERFACES: &[Interface] = &[
    Interface {
        name: "wasi:clocks/monotonic-clock",
        offers: &[
            Offer::p2(|linker| p2::monotonic_clock::add_to_linker::<_, WasiClocks>(linker, State::clocks)),
            Offer::p3(|linker| p3::monotonic_clock::add_to_linker::<_, WasiClocks>(linker, State::clocks)),
        ],
    },
    Interface {
        name: "wasi:clocks/system-clock",
        offers: &[Offer::p3(|linker| p3::system_clock::add_to_linker::<_, WasiClocks>(linker, State::clocks))],
    },
    Interface {
        name: "wasi:clocks/types",
        offers: &[Offer::p3(|linker| p3::types::add_to_linker::<_, WasiClocks>(linker, State::clocks))],
    },
    Interface {
        name: "wasi:clocks/wall-clock",
        offers: &[Offer::p2(|linker| p2::wall_clock::add_to_linker::<_, WasiClocks>(linker, State::clocks))],
    },
];
