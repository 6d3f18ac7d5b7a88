//! `wasi:http`: the requests and responses of a handler, and its outgoing requests.

mod early_writes;
mod fields;
mod head_requests;
mod messages;
mod responses;

use wasmtime::component::Linker;
use wasmtime_wasi_http::p2::bindings::http as p2;
use wasmtime_wasi_http::p3::bindings::http as p3;
use wasmtime_wasi_http::{WasiHttp, WasiHttpView};

pub(crate) use self::responses::{KEPT, MadeResponses};
use super::shadow::{P2, P3, shadow};
use super::{Interface, Offer};
use crate::state::State;

const TYPES: &str = "wasi:http/types";

pub(super) const INTERFACES: &[Interface] = &[
    Interface {
        name: "wasi:http/client",
        offers: &[Offer::p3(|linker| p3::client::add_to_linker::<_, WasiHttp>(linker, State::http))],
    },
    Interface {
        name: "wasi:http/outgoing-handler",
        offers: &[Offer::p2(|linker| p2::outgoing_handler::add_to_linker::<_, WasiHttp>(linker, State::http))],
    },
    Interface { name: TYPES, offers: &[Offer::p2(types_0_2), Offer::p3(types_0_3)] },
];

fn types_0_2(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    p2::types::add_to_linker::<_, WasiHttp>(linker, &p2::types::LinkOptions::default(), State::http)?;
    shadow(linker, TYPES, P2, |types| {
        fields::add_0_2(types)?;
        messages::add_0_2(types)?;
        head_requests::add(types)?;
        early_writes::add(types)
    })
}

fn types_0_3(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    p3::types::add_to_linker::<_, WasiHttp>(linker, State::http)?;
    shadow(linker, TYPES, P3, |types| {
        fields::add_0_3(types)?;
        messages::add_0_3(types)?;
        responses::add(types)
    })
}
