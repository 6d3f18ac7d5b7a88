//! The interfaces that a component may import: a file for each, or for each package of WASI, and one table of them.
//!
//! Whether a component is said to run, what is linked for it and what an error suggests are found in [`TABLE`], and the
//! table in `docs/handlers.md` is held to it. To add an interface, write a file with its rows, and name it in the table.
//! What it keeps of an instance is a type in its file, and a field of [`State`].

#[cfg(feature = "test-block")]
mod block;
mod cli;
mod clocks;
mod config;
mod context;
mod filesystem;
mod http;
mod io;
mod misfit;
mod name;
pub(crate) mod random;
mod shadow;
mod sockets;
#[cfg(all(test, feature = "compile"))]
#[allow(clippy::unwrap_used)] // They stand in tests, as their helpers do.
pub(crate) mod tests;

use wasmtime::Engine;
use wasmtime::component::types::ComponentInstance;
use wasmtime::component::{Linker, LinkerInstance};

use crate::state::State;

pub(crate) use self::context::OpenCalls;
pub(crate) use self::http::{KEPT, MadeResponses};
pub(crate) use self::misfit::unmet;
pub(crate) use self::name::ImportName;

/// Everything that a component may import.
static TABLE: &[&[Interface]] = &[
    cli::INTERFACES,
    clocks::INTERFACES,
    config::INTERFACES,
    context::INTERFACES,
    filesystem::INTERFACES,
    http::INTERFACES,
    io::INTERFACES,
    random::INTERFACES,
    sockets::INTERFACES,
    #[cfg(feature = "test-block")]
    block::INTERFACES,
];

/// An interface that this host has.
pub(crate) struct Interface {
    /// Its name without a version, such as `wasi:http/types`.
    pub(crate) name: &'static str,
    pub(crate) offers: &'static [Offer],
}

/// Versions of an interface, and what answers those who import one of them.
pub(crate) struct Offer {
    pub(crate) versions: Versions,
    pub(crate) link: LinkedBy,
}

/// Which versions an offer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Versions {
    /// All releases of `0.MINOR`, which are compatible. Release candidates are not among them.
    Minor(u64),
    /// That one: a draft is compatible with nothing else.
    Draft(&'static str),
    /// The interface has no versions.
    #[cfg(feature = "test-block")]
    None,
}

/// How an offer is linked.
#[derive(Clone, Copy)]
pub(crate) enum LinkedBy {
    /// Under the name of one version, by which wasmtime answers imports of all versions that are compatible with it.
    Once(fn(&mut Linker<State>) -> wasmtime::Result<()>),
    /// For each import under its own name, by what the component expects there.
    Each(fn(&mut LinkerInstance<'_, State>, &ComponentInstance, &Engine) -> wasmtime::Result<()>),
}

impl Offer {
    /// All of 0.2.
    const fn p2(link: fn(&mut Linker<State>) -> wasmtime::Result<()>) -> Self {
        Self { versions: Versions::Minor(2), link: LinkedBy::Once(link) }
    }

    /// All of 0.3.
    const fn p3(link: fn(&mut Linker<State>) -> wasmtime::Result<()>) -> Self {
        Self { versions: Versions::Minor(3), link: LinkedBy::Once(link) }
    }
}

impl Versions {
    fn include(self, name: &ImportName<'_>) -> bool {
        match self {
            Self::Minor(minor) => name.is_release_of(minor),
            Self::Draft(draft) => name.version_text == Some(draft),
            #[cfg(feature = "test-block")]
            Self::None => name.version_text.is_none(),
        }
    }
}

/// The interface with that name, whatever its versions.
fn interface(name: &str) -> Option<&'static Interface> {
    all().find(|interface| interface.name == name)
}

/// What answers an import of that name, if anything does.
pub(crate) fn offer(import: &str) -> Option<(&'static Interface, &'static Offer)> {
    let name = ImportName::of(import);
    let interface = interface(name.interface)?;
    interface.offers.iter().find(|offer| offer.versions.include(&name)).map(|offer| (interface, offer))
}

/// All rows of the table.
pub(crate) fn all() -> impl Iterator<Item = &'static Interface> {
    TABLE.iter().copied().flatten()
}
