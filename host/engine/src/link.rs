//! Everything that a guest may import.

use wasmtime::Engine;
use wasmtime::component::{Component, Linker};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::{cli, filesystem, random};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};
use wasmtime_wasi_config::WasiConfig;

use crate::state::State;
use crate::world::World;
use crate::{block, context, fields, files, head, messages, sockets};

/// `wasi:cli` and `wasi:http` 0.2, and 0.3 for a component that asks for it; `wasi:config`, and the project's own context.
/// Linking grants nothing by itself: what a guest can reach is decided by the state of its store.
pub(crate) fn linker(engine: &Engine, component: &Component, world: &World) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    add_0_2(&mut linker)?;
    if world.needs_0_3() {
        add_0_3(&mut linker)?;
    }
    sockets::add_to_linker(&mut linker, component, engine)?;
    wasmtime_wasi_config::add_to_linker(&mut linker, |state: &mut State| WasiConfig::from(&state.common.config))?;
    context::add_to_linker(&mut linker)?;
    block::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// The world `wasi:http/proxy`, and what `wasi:cli` has besides.
fn add_0_2(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_to_linker_async(linker)?;
    fields::add_0_2(linker)?;
    messages::add_0_2(linker)?;
    head::add_to_linker(linker)?;
    cli::environment::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::exit::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    filesystem::preopens::add_to_linker::<_, WasiFilesystem>(linker, State::filesystem)?;
    filesystem::types::add_to_linker::<_, WasiFilesystem>(linker, State::filesystem)?;
    files::add_0_2(linker)?;
    random::insecure::add_to_linker::<_, WasiRandom>(linker, State::random)?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(linker, State::random)?;
    crate::random::add_0_2(linker)
}

/// The world `wasi:http/service`, and what `wasi:cli` has besides.
fn add_0_3(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p3::add_to_linker(linker)?;
    wasmtime_wasi::p3::cli::add_to_linker(linker)?;
    wasmtime_wasi::p3::clocks::add_to_linker(linker)?;
    wasmtime_wasi::p3::filesystem::add_to_linker(linker)?;
    fields::add_0_3(linker)?;
    messages::add_0_3(linker)?;
    files::add_0_3(linker)?;
    wasmtime_wasi::p3::random::add_to_linker(linker)?;
    crate::random::add_0_3(linker)
}
