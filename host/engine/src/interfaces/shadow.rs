//! Replaces functions of wasmtime by this host's own.

use wasmtime::component::{Linker, LinkerInstance};

use crate::state::State;

/// The releases of WASI that wasmtime links. Each is used for the imports of all compatible versions.
pub(super) const P2: &str = "0.2.12";
pub(super) const P3: &str = "0.3.0";

/// Lets `add` replace functions of an interface in a release.
pub(super) fn shadow(
    linker: &mut Linker<State>,
    interface: &str,
    release: &str,
    add: impl FnOnce(&mut LinkerInstance<'_, State>) -> wasmtime::Result<()>,
) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    add(&mut linker.instance(&format!("{interface}@{release}"))?)?;
    linker.allow_shadowing(false);
    Ok(())
}
