//! Everything that a guest may import.

use wasmtime::Engine;
use wasmtime::component::Linker;
use wasmtime_wasi_config::WasiConfig;

use crate::state::State;
use crate::world::World;
use crate::{context, head};

/// `wasi:cli` and `wasi:http` 0.2, and 0.3 for a component that asks for it; `wasi:config`, and the project's own context.
/// Linking grants nothing by itself: what a guest can reach is decided by the state of its store.
pub(crate) fn linker(engine: &Engine, world: &World) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    if world.needs_0_3() {
        wasmtime_wasi::p3::add_to_linker(&mut linker)?;
        wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    }
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    head::add_to_linker(&mut linker)?;
    wasmtime_wasi_config::add_to_linker(&mut linker, |state: &mut State| WasiConfig::from(&state.common.config))?;
    context::add_to_linker(&mut linker)?;
    Ok(linker)
}
