//! The interfaces that a component may import: a file for each interface or package of WASI, and one table.
//!
//! [`TABLE`] decides whether a component can run, what is linked for it, and what an error suggests. A test compares it
//! with the table in `docs/handlers.md`. To add an interface, write a file with its rows, and add it to the table. Its
//! state for an instance is a type in its file, and a field of [`State`].

#[cfg(feature = "test-block")]
mod block;
mod cli;
mod clocks;
mod config;
mod context;
mod filesystem;
mod http;
mod io;
mod logging;
mod missing;
mod name;
pub(crate) mod random;
mod shadow;
mod sockets;
#[cfg(all(test, feature = "compile"))]
#[allow(clippy::unwrap_used)] // Tests and their helpers may panic.
pub(crate) mod tests;
mod traps;

use wasmtime::Engine;
use wasmtime::component::types::ComponentInstance;
use wasmtime::component::{Linker, LinkerInstance};

use crate::state::State;

pub(crate) use self::context::OpenCalls;
pub(crate) use self::http::{KEPT, MadeResponses};
pub(crate) use self::missing::missing;
pub(crate) use self::name::ImportName;
pub(crate) use self::traps::trap;

/// Everything that a component may import.
static TABLE: &[&[Interface]] = &[
    cli::INTERFACES,
    clocks::INTERFACES,
    config::INTERFACES,
    context::INTERFACES,
    filesystem::INTERFACES,
    http::INTERFACES,
    io::INTERFACES,
    logging::INTERFACES,
    random::INTERFACES,
    sockets::INTERFACES,
    #[cfg(feature = "test-block")]
    block::INTERFACES,
];

/// An interface that this host has.
pub(crate) struct Interface {
    /// The name without a version, such as `wasi:http/types`.
    pub(crate) name: &'static str,
    pub(crate) offers: &'static [Offer],
}

/// Versions of an interface, and the functions for imports of them.
pub(crate) struct Offer {
    pub(crate) versions: Versions,
    pub(crate) link: LinkedBy,
}

/// The versions of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Versions {
    /// All releases of `0.MINOR`, which are compatible with each other. Release candidates are not included.
    Minor(u64),
    /// Exactly this draft, which is compatible with no other version.
    Draft(&'static str),
    /// All versions of `0.MINOR`, the drafts too. They are linked by the types that the component expects, because
    /// drafts differ in them.
    AllOf(u64),
    /// The name has no version.
    None,
}

/// The way in which an offer is linked.
#[derive(Clone, Copy)]
pub(crate) enum LinkedBy {
    /// Linked once, with the name of one version. Wasmtime uses it for imports of all compatible versions.
    Once(fn(&mut Linker<State>) -> wasmtime::Result<()>),
    /// Linked for each import, with its own name and the functions that the component expects.
    Each(LinkEach),
    /// Linked once if any TCP connection is allowed, and otherwise for each import.
    Tcp { open: fn(&mut Linker<State>) -> wasmtime::Result<()>, closed: LinkEach },
}

/// Links the functions that a component expects of one import.
pub(crate) type LinkEach = fn(&mut LinkerInstance<'_, State>, &ComponentInstance, &Engine) -> wasmtime::Result<()>;

impl Offer {
    /// All releases of 0.2.
    const fn p2(link: fn(&mut Linker<State>) -> wasmtime::Result<()>) -> Self {
        Self { versions: Versions::Minor(2), link: LinkedBy::Once(link) }
    }

    /// All releases of 0.3.
    const fn p3(link: fn(&mut Linker<State>) -> wasmtime::Result<()>) -> Self {
        Self { versions: Versions::Minor(3), link: LinkedBy::Once(link) }
    }
}

impl Versions {
    fn include(self, name: &ImportName<'_>) -> bool {
        match self {
            Self::Minor(minor) => name.is_release_of(minor),
            Self::Draft(draft) => name.version_text == Some(draft),
            Self::AllOf(minor) => name.is_of(minor),
            Self::None => name.version_text.is_none(),
        }
    }
}

/// The interface with this name, in any version.
fn interface(name: &str) -> Option<&'static Interface> {
    all().find(|interface| interface.name == name)
}

/// The interface and the offer for an import of this name.
pub(crate) fn offer(import: &str) -> Option<(&'static Interface, &'static Offer)> {
    let name = ImportName::of(import);
    let interface = interface(name.interface)?;
    interface.offers.iter().find(|offer| offer.versions.include(&name)).map(|offer| (interface, offer))
}

/// All rows of the table.
pub(crate) fn all() -> impl Iterator<Item = &'static Interface> {
    TABLE.iter().copied().flatten()
}
