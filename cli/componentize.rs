//! A core module to a component: for toolchains, Go's among them, that stop at core modules.
//!
//! A module says by custom sections what it imports and exports as a component. Go cannot write such a section; but what
//! the Go SDK exports has the names of the canonical ABI, from which the world follows: `wit/`.

use anyhow::{Context as _, Result, anyhow, bail};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1, WASI_SNAPSHOT_PREVIEW1_PROXY_ADAPTER as PROXY,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as REACTOR,
};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{PackageId, Resolve};

/// The packages of `wit/` that a handler's world is made of, each after those that it needs.
const WIT: [(&str, &str); 8] = [
    ("io.wit", include_str!("../wit/deps/io.wit")),
    ("clocks.wit", include_str!("../wit/deps/clocks.wit")),
    ("random.wit", include_str!("../wit/deps/random.wit")),
    ("filesystem.wit", include_str!("../wit/deps/filesystem.wit")),
    ("sockets.wit", include_str!("../wit/deps/sockets.wit")),
    ("cli.wit", include_str!("../wit/deps/cli.wit")),
    ("http.wit", include_str!("../wit/deps/http.wit")),
    ("lambda.wit", include_str!("../wit/lambda.wit")),
];

/// The world in [`WIT`] that has every import. A component gets only those of them that its module uses.
const WORLD: &str = "lambda-handler";

/// What a module exports that handles `wasi:http` 0.2, without its version.
const HANDLER: (&str, &str) = ("wasi:http/incoming-handler@", "#handle");

/// The functions of WASI preview 1 for which the small adapter suffices: it has neither environment nor files.
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

/// What matters of a core module.
#[derive(Debug, Default)]
struct Module {
    /// It carries its type as a component.
    typed: bool,
    /// The version of `wasi:http` of its handler, where it exports one.
    handler: Option<String>,
    /// It is a program, not a library.
    program: bool,
    /// Its functions of WASI preview 1 are more than the small adapter has.
    needs_reactor: bool,
}

/// Wraps a core module as a component, with the adapter that gives it WASI preview 1.
///
/// # Errors
/// It is damaged; nothing tells its type as a component; or it does not fit that type.
pub(crate) fn componentize(module: &[u8]) -> Result<Vec<u8>> {
    let facts = Module::read(module).map_err(|error| anyhow!("it is a damaged core WebAssembly module: {error}"))?;
    let mut module = module.to_vec();
    if !facts.typed {
        embed(&mut module, &facts)?;
    }
    let adapter = if facts.needs_reactor { REACTOR } else { PROXY };
    let encode = || ComponentEncoder::default().module(&module)?.adapter(PREVIEW1, adapter)?.encode();
    encode().map_err(|error| anyhow!("it is a core WebAssembly module that cannot be made a component: {error:#}"))
}

/// Gives a module the type that the names of its exports tell.
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
    let (resolve, package) = wit(version).context("the WIT in this program is damaged")?;
    let world = resolve.select_world(&[package], Some(WORLD)).context("the WIT in this program is damaged")?;
    embed_component_metadata(module, &resolve, world, StringEncoding::UTF8)
}

/// [`WIT`], with WASI in that version of 0.2: exports are matched by name, and a module keeps the one it was made with.
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
                Payload::CustomSection(section) => module.typed |= section.name().starts_with("component-type"),
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
    }
}
