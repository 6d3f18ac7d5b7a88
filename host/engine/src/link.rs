//! Everything that a guest may import.

use wasmtime::Engine;
use wasmtime::component::{Component, Linker};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::{cli, filesystem, random};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};

use crate::state::State;
use crate::world::World;
use crate::{block, config_store, context, early_writes, fields, files, head, messages, responses, sockets};

/// `wasi:cli` and `wasi:http` 0.2, and 0.3 for a component that asks for it; `wasi:config`, and the project's own context.
/// Linking grants nothing by itself: what a guest can reach is decided by the state of its store.
pub(crate) fn linker(engine: &Engine, component: &Component, world: &World) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    add_0_2(&mut linker)?;
    if world.needs_0_3() {
        add_0_3(&mut linker)?;
    }
    sockets::add_to_linker(&mut linker, component, engine)?;
    config_store::add_to_linker(&mut linker, &world.imports)?;
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
    early_writes::add_to_linker(linker)?;
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
    responses::add_to_linker(linker)?;
    wasmtime_wasi::p3::cli::add_to_linker(linker)?;
    wasmtime_wasi::p3::clocks::add_to_linker(linker)?;
    wasmtime_wasi::p3::filesystem::add_to_linker(linker)?;
    fields::add_0_3(linker)?;
    messages::add_0_3(linker)?;
    files::add_0_3(linker)?;
    wasmtime_wasi::p3::random::add_to_linker(linker)?;
    crate::random::add_0_3(linker)
}

#[cfg(all(test, feature = "compile"))]
#[allow(clippy::unwrap_used)] // They stand in tests, as their helpers do.
mod tests {
    use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
    use wit_parser::abi::{AbiVariant, WasmType};
    use wit_parser::{Function, IndexMap, Resolve, WorldId, WorldItem, WorldKey};

    use super::*;
    use crate::config::{self, Calls};
    use crate::world::{CONTEXT, LINKED_0_2, LINKED_0_3};
    use crate::{compile, config_store};

    const WIT_0_2: [&str; 9] = [
        include_str!("../../../wit/deps/io.wit"),
        include_str!("../../../wit/deps/clocks.wit"),
        include_str!("../../../wit/deps/random.wit"),
        include_str!("../../../wit/deps/filesystem.wit"),
        include_str!("../../../wit/deps/sockets.wit"),
        include_str!("../../../wit/deps/cli.wit"),
        include_str!("../../../wit/deps/http.wit"),
        include_str!("../../../wit/lambda.wit"),
        concat!(
            include_str!("../../../wit/deps/config/world.wit"),
            "\n",
            "interface runtime { variant config-error { upstream(string), io(string) }\n",
            "get: func(key: string) -> result<option<string>, config-error>;\n",
            "get-all: func() -> result<list<tuple<string, string>>, config-error>; }\n",
            include_str!("../../../wit/deps/config/store.wit"),
        ),
    ];

    const WIT_0_3: [&str; 6] = [
        include_str!("../../../wit/p3/deps/clocks.wit"),
        include_str!("../../../wit/p3/deps/random.wit"),
        include_str!("../../../wit/p3/deps/filesystem.wit"),
        include_str!("../../../wit/p3/deps/sockets.wit"),
        include_str!("../../../wit/p3/deps/cli.wit"),
        include_str!("../../../wit/p3/deps/http.wit"),
    ];

    /// Interfaces without a function of their own, which a component imports only with others.
    const TYPES_ALONE: [&str; 5] = [
        "wasi:cli/terminal-input",
        "wasi:cli/terminal-output",
        "wasi:cli/types",
        "wasi:clocks/types",
        "wasi:sockets/network",
    ];

    /// A component that imports all of that interface, and nothing else but what its handler needs.
    fn importer(wit: &[&str], versions: &[(&str, &str)], import: &str, handler: &str) -> Vec<u8> {
        let mut resolve = Resolve::default();
        let world = format!("package test:test; world importer {{ import {import}; export {handler}; }}");
        let mut package = None;
        for text in wit.iter().copied().chain([world.as_str()]) {
            // A version that is older than a function may have it all the same.
            let gates = ["@since", "@deprecated"];
            let lines = text.lines().filter(|line| !gates.iter().any(|gate| line.trim_start().starts_with(gate)));
            let text = lines.map(|line| format!("{line}\n")).collect::<String>();
            let text = versions.iter().fold(text, |text, (from, to)| text.replace(from, to));
            package =
                Some(resolve.push_str("importer.wit", &text).unwrap_or_else(|error| panic!("{import}: {error:?}")));
        }
        let world = resolve.select_world(&[package.unwrap()], Some("importer")).unwrap();
        let mut module = wat::parse_str(module(&resolve, world)).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
    }

    /// A core module that imports and exports all functions of the world's interfaces.
    fn module(resolve: &Resolve, world: WorldId) -> String {
        let functions = |items: &IndexMap<WorldKey, WorldItem>| -> Vec<(String, Function)> {
            let interfaces = items.values().filter_map(|item| match item {
                WorldItem::Interface { id, .. } => Some(*id),
                _ => None,
            });
            let functions = interfaces.flat_map(|id| {
                let name = resolve.id_of(id).unwrap();
                resolve.interfaces[id].functions.values().map(move |function| (name.clone(), function.clone()))
            });
            functions.collect()
        };
        let signature = |variant, function: &Function| {
            let signature = resolve.wasm_signature(variant, function);
            let list = |types: &[WasmType]| types.iter().map(|ty| format!(" {}", core(*ty))).collect::<String>();
            format!("(param{}) (result{})", list(&signature.params), list(&signature.results))
        };
        let mut text = "(module\n".to_owned();
        for (interface, function) in functions(&resolve.worlds[world].imports) {
            let signature = signature(AbiVariant::GuestImport, &function);
            text += &format!("(import \"{interface}\" \"{}\" (func {signature}))\n", function.name);
        }
        for (interface, function) in functions(&resolve.worlds[world].exports) {
            let signature = signature(AbiVariant::GuestExport, &function);
            text += &format!("(func (export \"{interface}#{}\") {signature} unreachable)\n", function.name);
        }
        text + "(memory (export \"memory\") 1)
            (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) unreachable))"
    }

    fn core(ty: WasmType) -> &'static str {
        match ty {
            WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
            WasmType::I64 | WasmType::PointerOrI64 => "i64",
            WasmType::F32 => "f32",
            WasmType::F64 => "f64",
        }
    }

    /// What is said to run links: the whole interface, under that name.
    #[track_caller]
    fn links(wasm: &[u8], import: &str) {
        let world = compile::world(wasm).unwrap();
        let imported = world.imports.iter().any(|name| name == import);
        assert!(imported || TYPES_ALONE.contains(&import.split('@').next().unwrap()), "{import}: {:?}", world.imports);
        assert!(world.handler().is_ok(), "{import}: {:?}", world.handler());
        let engine = config::on_demand_engine(Calls::Concurrent).unwrap();
        let component = Component::new(&engine, wasm).unwrap();
        let linked = linker(&engine, &component, &world).unwrap().instantiate_pre(&component);
        assert!(linked.is_ok(), "{import}: {:?}", linked.err());
    }

    #[test]
    fn every_interface_of_0_2_that_is_said_to_run_links() {
        for version in ["0.2.0", "0.2.12"] {
            for name in LINKED_0_2 {
                let import = format!("{name}@{version}");
                let handler = format!("wasi:http/incoming-handler@{version}");
                links(&importer(&WIT_0_2[..7], &[("@0.2.12", &format!("@{version}"))], &import, &handler), &import);
            }
        }
    }

    #[test]
    fn every_interface_of_0_3_that_is_said_to_run_links() {
        for version in ["0.3.0", "0.3.9"] {
            for name in LINKED_0_3 {
                let import = format!("{name}@{version}");
                let handler = format!("wasi:http/handler@{version}");
                links(&importer(&WIT_0_3, &[("@0.3.0", &format!("@{version}"))], &import, &handler), &import);
            }
        }
    }

    #[test]
    fn every_draft_of_the_configuration_and_the_context_link() {
        const HANDLER: &str = "wasi:http/incoming-handler@0.2.12";
        for &name in config_store::NAMES {
            let (_, version) = name.split_once('@').unwrap();
            links(&importer(&WIT_0_2, &[("@0.2.0-rc.1", &format!("@{version}"))], name, HANDLER), name);
        }
        for version in ["0.1.0", "0.1.4"] {
            let import = format!("{CONTEXT}@{version}");
            links(&importer(&WIT_0_2, &[("lambda@0.1.0", &format!("lambda@{version}"))], &import, HANDLER), &import);
        }
    }
}
