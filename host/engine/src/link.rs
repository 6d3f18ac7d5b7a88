//! Links the imports of a component.

use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker};

use crate::interfaces::{self, LinkedBy};
use crate::state::State;
use crate::world::MissingImports;

/// Links only the interfaces that the component imports, because each function costs time at every start. If `missing`
/// imports are to be refused, they are not linked, so no instance could be created;
/// [`World::handler`](crate::World::handler) rejects such a component earlier.
///
/// Linking grants nothing by itself: the state of the store decides which resources a guest can use. `tcp` says whether
/// any TCP connection is allowed: sockets that refuse everything are smaller.
pub(crate) fn linker(
    engine: &Engine,
    component: &Component,
    tcp: bool,
    missing: MissingImports,
) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    let mut linked = Vec::new();
    for (name, import) in component.component_type().imports(engine) {
        let Some((interface, offer)) = interfaces::offer(name) else { continue };
        let link = match offer.link {
            LinkedBy::Tcp { open, .. } if tcp => LinkedBy::Once(open),
            LinkedBy::Tcp { closed, .. } => LinkedBy::Each(closed),
            link => link,
        };
        match (link, import.ty) {
            (LinkedBy::Once(link), _) if !linked.contains(&(interface.name, offer.versions)) => {
                linked.push((interface.name, offer.versions));
                link(&mut linker)?;
            }
            (LinkedBy::Each(link), ComponentItem::ComponentInstance(ty)) => {
                link(&mut linker.instance(name)?, &ty, engine)?;
            }
            // The interface is already linked, or the import has an interface's name but is not an instance.
            (LinkedBy::Once(_) | LinkedBy::Each(_) | LinkedBy::Tcp { .. }, _) => {}
        }
    }
    if missing == MissingImports::Trap {
        interfaces::trap(&mut linker, component, engine)?;
    }
    Ok(linker)
}

#[cfg(all(test, feature = "compile"))]
#[allow(clippy::unwrap_used)] // The helpers of the tests use it.
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use funcserver_test_guest::signature_text;
    use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
    use wit_parser::abi::AbiVariant;
    use wit_parser::{Function, IndexMap, Resolve, WorldId, WorldItem, WorldKey};

    use super::*;
    use crate::compile;
    use crate::config::{self, Abi, Calls, Compiler};
    use crate::interfaces::Versions;
    use crate::interfaces::tests::samples;

    const WIT_0_2: [&str; 10] = [
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
        include_str!("../../../wit/logging/logging.wit"),
    ];

    const WIT_0_3: [&str; 6] = [
        include_str!("../../../wit/p3/deps/clocks.wit"),
        include_str!("../../../wit/p3/deps/random.wit"),
        include_str!("../../../wit/p3/deps/filesystem.wit"),
        include_str!("../../../wit/p3/deps/sockets.wit"),
        include_str!("../../../wit/p3/deps/cli.wit"),
        include_str!("../../../wit/p3/deps/http.wit"),
    ];

    /// Interfaces without functions, which a component imports only together with others.
    const TYPES_ALONE: [&str; 5] = [
        "wasi:cli/terminal-input",
        "wasi:cli/terminal-output",
        "wasi:cli/types",
        "wasi:clocks/types",
        "wasi:sockets/network",
    ];

    /// The WIT files of an interface, its version, and the handler that imports it.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    struct Wit {
        texts: &'static [&'static str],
        version: &'static str,
        handler: &'static str,
    }

    /// `None` for interfaces that have no WIT file.
    fn wit(interface: &str, versions: Versions) -> Option<Wit> {
        let (texts, version, handler): (&[&str], _, _) = match versions {
            Versions::Minor(3) => (&WIT_0_3, "@0.3.0", "wasi:http/handler@0.3.0"),
            Versions::Minor(2) => (&WIT_0_2, "@0.2.12", "wasi:http/incoming-handler@0.2.12"),
            Versions::Minor(_) => (&WIT_0_2, "@0.1.0", "wasi:http/incoming-handler@0.2.12"),
            Versions::Draft("0.1.0-draft") | Versions::None if interface.starts_with("wasi:logging/") => {
                (&WIT_0_2, "@0.1.0-draft", "wasi:http/incoming-handler@0.2.12")
            }
            Versions::Draft(_) | Versions::AllOf(_) => (&WIT_0_2, "@0.2.0-rc.1", "wasi:http/incoming-handler@0.2.12"),
            Versions::None => return None,
        };
        Some(Wit { texts, version, handler })
    }

    /// A component that imports whole interfaces in a version, and otherwise only what its handler needs.
    fn importer(wit: &Wit, version: &str, imports: &BTreeSet<String>) -> Vec<u8> {
        let mut resolve = Resolve::default();
        let lines = imports.iter().map(|import| format!("import {import}; ")).collect::<String>();
        let world = format!("package test:test; world importer {{ {lines}export {}; }}", wit.handler);
        let mut package = None;
        for text in wit.texts.iter().copied().chain([world.as_str()]) {
            // Without these gates, all functions are linked in every version, including those older than a function.
            let gates = ["@since", "@deprecated"];
            let lines = text.lines().filter(|line| !gates.iter().any(|gate| line.trim_start().starts_with(gate)));
            let text = lines.map(|line| format!("{line}\n")).collect::<String>().replace(wit.version, version);
            package = Some(resolve.push_str("importer.wit", &text).unwrap());
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
        let signature = |variant, function: &Function| signature_text(&resolve.wasm_signature(variant, function));
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

    /// Checks that imports which `World` accepts can be linked: the whole interfaces, under those names.
    #[track_caller]
    fn link(wasm: &[u8], imports: &BTreeSet<String>) {
        let world = compile::world(wasm).unwrap();
        for import in imports {
            let imported = world.imports.contains(import);
            let alone = TYPES_ALONE.contains(&import.split('@').next().unwrap());
            assert!(imported || alone, "{import}: {:?}", world.imports);
        }
        assert!(world.handler().is_ok(), "{imports:?}: {:?}", world.handler());
        let engine = config::on_demand_engine(Abi { calls: Calls::Concurrent, compiler: Compiler::Cranelift }).unwrap();
        let component = Component::new(&engine, wasm).unwrap();
        for tcp in [false, true] {
            let linked = linker(&engine, &component, tcp, MissingImports::Refuse).unwrap().instantiate_pre(&component);
            assert!(linked.is_ok(), "{imports:?}: {:?}", linked.err());
        }
    }

    /// All interfaces of a version are in one component. An error names the interface that it is about.
    #[test]
    fn every_interface_links_whole_in_every_version() {
        let mut components = BTreeMap::new();
        for interface in interfaces::all() {
            for versions in interface.offers.iter().map(|offer| offer.versions) {
                let Some(wit) = wit(interface.name, versions) else { continue };
                for version in samples(versions) {
                    let import = format!("{}{version}", interface.name);
                    components.entry((wit, version)).or_insert_with(BTreeSet::new).insert(import);
                }
            }
        }
        for ((wit, version), imports) in components {
            link(&importer(&wit, &version, &imports), &imports);
        }
    }
}
