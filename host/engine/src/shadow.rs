//! Functions of the host's own in the place of wasmtime's.

use wasmtime::component::{Linker, LinkerInstance};

use crate::state::State;

/// Lets `add` define again what that interface has. Every version of one line is answered by the one that is linked.
pub(crate) fn shadow(
    linker: &mut Linker<State>,
    interface: &str,
    add: impl FnOnce(&mut LinkerInstance<'_, State>) -> wasmtime::Result<()>,
) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    add(&mut linker.instance(interface)?)?;
    linker.allow_shadowing(false);
    Ok(())
}
