//! `wasi:io`: streams, and polling. The other interfaces create the streams.

use wasmtime::component::{HasSelf, ResourceTable};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::p2::bindings::io;

use super::{Interface, Offer};
use crate::state::State;

pub(super) const INTERFACES: &[Interface] = &[
    Interface {
        name: "wasi:io/error",
        offers: &[Offer::p2(|linker| io::error::add_to_linker::<_, HasSelf<ResourceTable>>(linker, table))],
    },
    Interface {
        name: "wasi:io/poll",
        offers: &[Offer::p2(|linker| io::poll::add_to_linker::<_, HasSelf<ResourceTable>>(linker, table))],
    },
    Interface {
        name: "wasi:io/streams",
        offers: &[Offer::p2(|linker| io::streams::add_to_linker::<_, HasSelf<ResourceTable>>(linker, table))],
    },
];

fn table(state: &mut State) -> &mut ResourceTable {
    state.ctx().table
}
