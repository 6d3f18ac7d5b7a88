//! Converts a core module to a component, for toolchains that produce core modules, such as Go's.
//!
//! A custom section of the module states its type as a component. Go cannot write such a section, but the exports of
//! the Go SDK have the names of the canonical ABI, which determine the world in `wit/`.

use anyhow::{Context as _, Result, anyhow, bail};
use funcserver_engine::data_segments;
use funcserver_engine::nesting::{self, TooDeep};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1, WASI_SNAPSHOT_PREVIEW1_PROXY_ADAPTER as PROXY,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as REACTOR,
};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{PackageId, Resolve};

/// The packages of `wit/` that a handler's world uses, each after its dependencies.
const WIT: [(&str, &str); 9] = [
    ("io.wit", include_str!("../wit/deps/io.wit")),
    ("clocks.wit", include_str!("../wit/deps/clocks.wit")),
    ("random.wit", include_str!("../wit/deps/random.wit")),
    ("filesystem.wit", include_str!("../wit/deps/filesystem.wit")),
    ("sockets.wit", include_str!("../wit/deps/sockets.wit")),
    ("cli.wit", include_str!("../wit/deps/cli.wit")),
    ("http.wit", include_str!("../wit/deps/http.wit")),
    ("lambda.wit", include_str!("../wit/lambda.wit")),
    // A world of its own: a handler that targets `lambda-handler` by other tools gets every import of that world.
    (
        "module.wit",
        "package funcserver:module;
        world module {
            include funcserver:lambda/lambda-handler@0.1.0;
            import wasi:sockets/instance-network@0.2.12;
            import wasi:sockets/network@0.2.12;
            import wasi:sockets/ip-name-lookup@0.2.12;
            import wasi:sockets/tcp-create-socket@0.2.12;
            import wasi:sockets/tcp@0.2.12;
        }",
    ),
];

/// The world in [`WIT`] that has every import. A component gets only the imports that its module uses.
const WORLD: &str = "module";

/// The export of a module that handles `wasi:http` 0.2, without its version.
const HANDLER: (&str, &str) = ("wasi:http/incoming-handler@", "#handle");

/// The functions of WASI preview 1 that the small adapter supports. It has neither environment nor files.
const PROXY_SUFFICES: &[&str] = &[
    "args_get",
    "args_sizes_get",
    "clock_res_get",
    "clock_time_get",
    "fd_close",
    "fd_fdstat_get",
    "fd_fdstat_set_flags",
    "fd_read",
    "fd_seek",
    "fd_write",
    "poll_oneoff",
    "proc_exit",
    "random_get",
    "sched_yield",
];

/// A module that exports a function of this name asks for pre-initialisation.
const PREINIT: &str = "funcserver:preinit";

/// The properties of a core module that the conversion needs.
#[derive(Debug, Default)]
struct Module {
    /// Whether it states its type as a component.
    typed: bool,
    /// Whether that type is nested too deeply to be read.
    deep: bool,
    /// The version of `wasi:http` of its handler, if it exports one.
    handler: Option<String>,
    /// Whether it is a program, not a library.
    program: bool,
    /// Whether it uses functions of WASI preview 1 that the small adapter lacks.
    needs_reactor: bool,
    /// Whether it asks for pre-initialisation.
    asks_preinit: bool,
}

/// Wraps a core module as a component, with the adapter that gives it WASI preview 1.
///
/// # Errors
/// It is damaged; its type as a component is unknown; or it does not fit that type.
pub(crate) fn componentize(module: &[u8]) -> Result<Vec<u8>> {
    let facts = Module::read(module).map_err(|error| anyhow!("it is a damaged core WebAssembly module: {error}"))?;
    if facts.deep {
        bail!("it is a core WebAssembly module that cannot be made a component: in its type, {TooDeep}");
    }
    let mut module = data_segments::join(module).unwrap_or_else(|| module.to_vec());
    if !facts.typed {
        embed(&mut module, &facts)?;
    }
    let adapter = if facts.needs_reactor { REACTOR } else { PROXY };
    let encode = || ComponentEncoder::default().module(&module)?.adapter(PREVIEW1, adapter)?.encode();
    encode().map_err(|error| anyhow!("it is a core WebAssembly module that cannot be made a component: {error:#}"))
}

/// Whether a core module asks for pre-initialisation.
pub(crate) fn asks_preinit(module: &[u8]) -> bool {
    Module::read(module).is_ok_and(|facts| facts.asks_preinit)
}

/// Whether it is a core module that handles requests.
pub(crate) fn is_handler(module: &[u8]) -> bool {
    Module::read(module).is_ok_and(|facts| facts.handler.is_some())
}

/// Adds the type that follows from the names of the module's exports.
fn embed(module: &mut Vec<u8>, facts: &Module) -> Result<()> {
    let Some(version) = &facts.handler else {
        bail!(
            "it is a core WebAssembly module that does not tell its type as a component; build it as a component (Rust: \
             `--target wasm32-wasip2`; Go: with `guest-sdk/go`), or embed the world that it was written for: \
             `wasm-tools component embed WIT --world WORLD CORE -o TYPED`"
        );
    };
    if facts.program {
        bail!("it is a program, and a handler is a library; build it as one (Go: `go build -buildmode=c-shared`)");
    }
    let embedded = wit(version).and_then(|(resolve, package)| {
        let world = resolve.select_world(&[package], Some(WORLD))?;
        embed_component_metadata(module, &resolve, world, StringEncoding::UTF8)
    });
    embedded.with_context(|| format!("its handler of wasi:http {version} does not fit the WIT in this program"))
}

/// [`WIT`], with WASI in that version of 0.2: exports are matched by name, and a module exports the version that it was
/// built for.
fn wit(version: &str) -> Result<(Resolve, PackageId)> {
    let mut resolve = Resolve::default();
    let mut last = None;
    for (path, text) in WIT {
        last = Some(resolve.push_source(path, text)?);
    }
    for (_, package) in resolve.packages.iter_mut().filter(|(_, package)| package.name.namespace == "wasi") {
        package.name.version = Some(version.parse()?);
    }
    resolve.package_names = resolve.packages.iter().map(|(id, package)| (package.name.clone(), id)).collect();
    Ok((resolve, last.context("no package")?))
}

impl Module {
    fn read(bytes: &[u8]) -> wasmparser::Result<Module> {
        let mut module = Module::default();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        module.needs_reactor |= import.module == PREVIEW1 && !PROXY_SUFFICES.contains(&import.name);
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        module.note_export(export?.name);
                    }
                }
                Payload::CustomSection(section) if section.name().starts_with("component-type") => {
                    module.typed = true;
                    // The section contains a component, which is decoded.
                    module.deep |= nesting::check(section.data()).is_err();
                }
                _ => {}
            }
        }
        Ok(module)
    }

    fn note_export(&mut self, name: &str) {
        let (interface, function) = HANDLER;
        let version = name.strip_prefix(interface).and_then(|rest| rest.strip_suffix(function));
        if let Some(version) = version.filter(|version| version.starts_with("0.2.")) {
            self.handler = Some(version.to_owned());
        }
        self.program |= name == "_start";
        self.asks_preinit |= name == PREINIT;
    }
}

#[cfg(test)]
mod tests {
    use funcserver_engine::{World, compile};

    use super::*;

    /// A handler that does nothing, with these imports and exports besides.
    fn handler(version: &str, more: &str) -> Vec<u8> {
        let text = format!(
            r#"(module {more}
                (memory (export "memory") 1)
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
                (func (export "wasi:http/incoming-handler@{version}#handle") (param i32 i32)))"#
        );
        wat::parse_str(text).unwrap()
    }

    fn import(function: &str, ty: &str) -> String {
        format!(r#"(import "wasi_snapshot_preview1" "{function}" (func {ty}))"#)
    }

    fn world(module: &[u8]) -> World {
        compile::world(&componentize(module).unwrap()).unwrap()
    }

    fn refused(module: &[u8], parts: &[&str]) {
        let error = format!("{:#}", componentize(module).unwrap_err());
        assert!(!error.contains('\n'), "{error}");
        for part in parts {
            assert!(error.contains(part), "no `{part}` in {error}");
        }
    }

    #[test]
    fn a_type_that_lies_too_deep_in_itself_is_no_end_of_the_stack() {
        // Component types in each other, each with one declaration: a type.
        let mut types = vec![1];
        types.extend([0x41, 1, 1].repeat(20_000));
        types.extend([0x41, 0]);
        let mut section = b"\0asm\x0d\0\x01\0\x07".to_vec();
        section.extend(leb(types.len()));
        section.extend(types);
        let content = [b"\x0ecomponent-type".to_vec(), section].concat();
        let module = [handler("0.2.0", ""), vec![0], leb(content.len()), content].concat();
        refused(&module, &["more than 100 deep"]);
    }

    /// A number as four bytes of LEB128.
    fn leb(number: usize) -> Vec<u8> {
        let group = |shift: usize| u8::try_from(number >> shift & 0x7f).unwrap();
        vec![group(0) | 0x80, group(7) | 0x80, group(14) | 0x80, group(21)]
    }

    #[test]
    fn a_module_that_exports_a_handler_becomes_one_of_the_same_version() {
        for version in ["0.2.0", "0.2.12", "0.2.99"] {
            let world = world(&handler(version, ""));
            assert_eq!(world.exports, [format!("wasi:http/incoming-handler@{version}")]);
            world.handler().unwrap();
        }
    }

    #[test]
    fn what_a_module_imports_may_have_another_version() {
        let more = r#"(import "wasi:http/types@0.2.3" "[constructor]fields" (func (result i32)))
            (import "funcserver:lambda/context@0.1.0" "deadline-ms" (func (result i64)))"#;
        let world = world(&handler("0.2.12", more));
        world.handler().unwrap();
        assert!(world.imports.contains(&"funcserver:lambda/context@0.1.0".to_owned()), "{:?}", world.imports);
    }

    #[test]
    fn the_adapter_asks_for_no_more_than_the_module_needs() {
        let has = |world: &World, name: &str| world.imports.iter().any(|import| import.starts_with(name));
        let small = world(&handler("0.2.12", &import("fd_write", "(param i32 i32 i32 i32) (result i32)")));
        assert!(has(&small, "wasi:cli/stdout@0.2.") && !has(&small, "wasi:cli/environment"), "{:?}", small.imports);
        small.handler().unwrap();
        let large = world(&handler("0.2.12", &import("environ_get", "(param i32 i32) (result i32)")));
        assert!(has(&large, "wasi:cli/environment@0.2."), "{:?}", large.imports);
        large.handler().unwrap();
        let none = world(&handler("0.2.12", ""));
        assert!(!has(&none, "wasi:cli/"), "{:?}", none.imports);
    }

    #[test]
    fn a_module_that_carries_its_type_keeps_it() {
        let mut module = wat::parse_str(r#"(module (func (export "run")))"#).unwrap();
        let mut resolve = Resolve::default();
        let package = resolve.push_source("app.wit", "package acme:app; world app { export run: func(); }").unwrap();
        let app = resolve.select_world(&[package], None).unwrap();
        embed_component_metadata(&mut module, &resolve, app, StringEncoding::UTF8).unwrap();
        assert_eq!(world(&module).exports, ["run"]);
    }

    #[test]
    fn a_module_of_unknown_type_is_told_the_command_that_embeds_it() {
        let module = wat::parse_str(r#"(module (func (export "run")))"#).unwrap();
        refused(&module, &["does not tell its type", "wasm-tools component embed", "guest-sdk/go"]);
        refused(&handler("0.3.0", ""), &["does not tell its type"]);
    }

    #[test]
    fn a_module_asks_for_its_initialisation_to_be_kept_by_an_export() {
        assert!(!asks_preinit(&handler("0.2.12", "")));
        let asks = handler("0.2.12", r#"(func (export "funcserver:preinit"))"#);
        assert!(asks_preinit(&asks));
        world(&asks).handler().unwrap();
    }

    #[test]
    fn a_program_is_told_to_become_a_library() {
        refused(&handler("0.2.12", r#"(func (export "_start"))"#), &["a program", "-buildmode=c-shared"]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let import = r#"(import "acme:kv/store@1.0.0" "get" (func))"#;
        refused(&handler("0.2.12", import), &["acme:kv/store@1.0.0"]);
        let strange = wat::parse_str(
            r#"(module (memory (export "memory") 1) (func (export "wasi:http/incoming-handler@0.2.12#handle")))"#,
        );
        refused(&strange.unwrap(), &["wasi:http/incoming-handler@0.2.12"]);
    }

    #[test]
    fn a_damaged_module_is_an_error_wherever_it_ends() {
        let module = handler("0.2.12", &import("environ_get", "(param i32 i32) (result i32)"));
        for end in 8..module.len() {
            let _ = componentize(&module[..end]).map_err(|error| error.to_string());
        }
        refused(&module[..module.len() - 1], &["damaged"]);
        refused(&handler("0.2.x", ""), &["0.2.x"]);
    }
}
