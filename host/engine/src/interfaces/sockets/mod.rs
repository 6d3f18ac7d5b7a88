//! `wasi:sockets`: clients of TCP, where `network.allow` has an entry for them, and otherwise nothing.
//!
//! Wasmtime's implementation is not linked. It makes no TLS, which some languages cannot make in a component, and it does
//! not know for which name a guest connects to an address.

mod closed;
mod p2;
mod p3;

use super::{Interface, LinkedBy, Offer, Versions};
use crate::state::State;

pub(super) const INTERFACES: &[Interface] = &[
    Interface { name: "wasi:sockets/instance-network", offers: &[tcp_0_2(p2::instance_network)] },
    Interface {
        name: "wasi:sockets/ip-name-lookup",
        offers: &[tcp_0_2(p2::ip_name_lookup), tcp_0_3(p3::ip_name_lookup)],
    },
    Interface { name: "wasi:sockets/network", offers: &[tcp_0_2(p2::network)] },
    Interface { name: "wasi:sockets/tcp", offers: &[tcp_0_2(p2::tcp)] },
    Interface { name: "wasi:sockets/tcp-create-socket", offers: &[tcp_0_2(p2::tcp_create_socket)] },
    Interface { name: "wasi:sockets/types", offers: &[tcp_0_3(p3::types)] },
    Interface { name: "wasi:sockets/udp", offers: &[CLOSED_0_2] },
    Interface { name: "wasi:sockets/udp-create-socket", offers: &[CLOSED_0_2] },
];

const CLOSED_0_2: Offer = Offer { versions: Versions::Minor(2), link: LinkedBy::Each(closed::close) };

/// An interface of 0.2 that is closed unless TCP connections are allowed.
const fn tcp_0_2(open: fn(&mut wasmtime::component::Linker<State>) -> wasmtime::Result<()>) -> Offer {
    Offer { versions: Versions::Minor(2), link: LinkedBy::Tcp { open, closed: closed::close } }
}

/// An interface of 0.3 that is closed unless TCP connections are allowed.
const fn tcp_0_3(open: fn(&mut wasmtime::component::Linker<State>) -> wasmtime::Result<()>) -> Offer {
    Offer { versions: Versions::Minor(3), link: LinkedBy::Tcp { open, closed: closed::close } }
}

/// The sockets of the store, to which the host functions belong.
struct TcpSockets;

/// The state of a store, as the implementation of these interfaces.
struct View<'a>(&'a mut State);

impl wasmtime::component::HasData for TcpSockets {
    type Data<'a> = View<'a>;
}

fn view(state: &mut State) -> View<'_> {
    View(state)
}
