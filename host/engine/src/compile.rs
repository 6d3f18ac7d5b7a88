//! Compiles components, with the settings of the host that will run them.

mod elements;
mod proposals;

use wasmparser::{Parser, Payload, Validator, WasmFeatures};
use wasmtime::Engine;

use crate::config::{self, Calls};
use crate::file_kind::FileKind;
pub use crate::image::{SparseMemory, sparse_memory};
use crate::nesting::{self, TooDeep};
use crate::target::Target;
use crate::trim;
use crate::world::World;

pub use self::elements::TooManyElements;
pub use self::proposals::proposals;

/// Counts the changes of the settings that are baked into compiled components: part of a cache's key, beside the
/// version of wasmtime and the target.
pub const SETTINGS_REVISION: u32 = config::REVISION;

/// Why a file cannot be compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// It is no component at all.
    #[error("it is {}{}", .0.describe(), remedy(.0))]
    Kind(FileKind),
    /// It is a component that cannot be walked.
    #[error("{0}")]
    Deep(#[from] TooDeep),
    /// It is a component whose instances keep more than the host counts.
    #[error("{0}")]
    Elements(#[from] TooManyElements),
    /// It is a component, but damaged, or it uses what wasmtime does not support.
    #[error("it is damaged or uses an unsupported feature of WebAssembly: {0}")]
    Invalid(String),
    /// The target is unknown to wasmtime.
    #[error("cannot compile for {target}: {reason}")]
    Target {
        /// The target triple.
        target: String,
        /// wasmtime's reason.
        reason: String,
    },
}

fn remedy(kind: &FileKind) -> &'static str {
    match kind {
        FileKind::CoreModule => {
            ": build it as a component (Rust: `--target wasm32-wasip2`), or wrap it with `wasm-tools component new`"
        }
        FileKind::Precompiled(_) => ": compile the `.wasm` that it was made from",
        _ => ": expected a component in the WebAssembly binary format (`.wasm`)",
    }
}

/// Compiles a component. The same input gives the same bytes.
///
/// # Errors
/// The bytes are no valid component, or the target is unknown.
pub fn compile(wasm: &[u8], target: Target) -> Result<Vec<u8>, CompileError> {
    expect_component(wasm)?;
    elements::check(wasm)?;
    let target = target.triple();
    let unknown =
        |error: wasmtime::Error| CompileError::Target { target: target.clone(), reason: format!("{error:#}") };
    let mut config = config::config(calls(wasm));
    config.target(&target).map_err(unknown)?;
    let engine = Engine::new(&config).map_err(unknown)?;
    let compile = |wasm: &[u8]| engine.precompile_component(wasm);
    // Where trimming fails, the whole component is compiled, without what only costs; what is wrong with it is told of the
    // component as it is.
    let attempt = |cut: fn(&[u8]) -> Result<Vec<u8>, trim::Error>| cut(wasm).ok().and_then(|wasm| compile(&wasm).ok());
    if let Some(compiled) = attempt(trim::trim).or_else(|| attempt(trim::without_custom_sections)) {
        return Ok(compiled);
    }
    let invalid =
        compile(wasm).err().map_or_else(|| "it cannot be taken apart".to_owned(), |error| format!("{error:#}"));
    Err(CompileError::Invalid(invalid))
}

/// What a component imports and exports, without compiling it.
///
/// # Errors
/// The bytes are no component, or are damaged before the end of its imports and exports.
pub fn world(wasm: &[u8]) -> Result<World, CompileError> {
    expect_component(wasm)?;
    let mut world = World::default();
    read_world(wasm, &mut world).map_err(|error| CompileError::Invalid(error.to_string()))?;
    Ok(world)
}

/// How the component has to be run: by what it imports, and by what it is made of. One that is invalid for another reason
/// is told of that when it is compiled.
fn calls(wasm: &[u8]) -> Calls {
    let needs_0_3 = world(wasm).is_ok_and(|world| world.needs_0_3());
    match !needs_0_3 && is_valid_without_async(wasm) {
        true => Calls::Nested,
        false => Calls::Concurrent,
    }
}

/// Function bodies are not looked at: they are the same either way.
fn is_valid_without_async(wasm: &[u8]) -> bool {
    let features = WasmFeatures::all() - WasmFeatures::CM_ASYNC;
    let mut validator = Validator::new_with_features(features);
    Parser::new(0).parse_all(wasm).all(|payload| payload.and_then(|payload| validator.payload(&payload)).is_ok())
}

fn expect_component(wasm: &[u8]) -> Result<(), CompileError> {
    match FileKind::of(wasm) {
        FileKind::Component => Ok(nesting::check(wasm)?),
        other => Err(CompileError::Kind(other)),
    }
}

/// Reads the outermost component only; the ones nested in it have worlds of their own.
fn read_world(wasm: &[u8], world: &mut World) -> wasmparser::Result<()> {
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    world.imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    world.exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use funcserver_test_guest::{WASM, WASM_HOST_IMPORTS, WASM_P3};

    use super::*;

    fn calls_of(text: &str) -> Calls {
        calls(&wat::parse_str(text).unwrap())
    }

    #[test]
    fn what_is_of_0_2_calls_nested() {
        assert_eq!(calls(WASM), Calls::Nested);
        assert_eq!(calls(WASM_HOST_IMPORTS), Calls::Nested);
        assert_eq!(calls_of("(component)"), Calls::Nested);
    }

    #[test]
    fn what_is_of_0_3_calls_concurrently() {
        assert_eq!(calls(WASM_P3), Calls::Concurrent);
        // No function of it is async, but those that stand beside it are.
        let random = r#"(component (import "wasi:random/random@0.3.0" (instance
            (export "get-random-u64" (func (result u64))))))"#;
        assert_eq!(calls_of(random), Calls::Concurrent);
    }

    #[test]
    fn what_is_async_inside_calls_concurrently() {
        let inside = r#"(component (component
            (core func (canon task.return (result u32)))
            (type $later (future u32))
            (core func (canon future.new $later))))"#;
        assert_eq!(calls_of(inside), Calls::Concurrent);
        let offered = r#"(component
            (core module $m (func (export "run") (result i32) i32.const 0) (func (export "callback") (param i32 i32 i32) (result i32) i32.const 0))
            (core instance $i (instantiate $m))
            (func (export "run") async (canon lift (core func $i "run") async (callback (core func $i "callback")))))"#;
        assert_eq!(calls_of(offered), Calls::Concurrent);
    }

    /// Whatever a component says about itself beside its code, what is compiled of it stays small.
    #[test]
    fn neither_debug_information_nor_names_make_it_large() {
        let plain = r#"(component (core module $m (func $f (export "f"))) (core instance $i (instantiate $m)))"#;
        let length = |text: &str| compile(&wat::parse_str(text).unwrap(), Target::Host).unwrap().len();
        let plain_length = length(plain);
        let debug =
            format!(r#"(func $f (export "f")) (@custom ".debug_info" (after code) "{}")"#, "\\01".repeat(1 << 20));
        let name = format!(r#"(func (@name "{}") (export "f"))"#, "n".repeat(1 << 20));
        for instead in [debug, name] {
            let large = length(&plain.replace(r#"(func $f (export "f"))"#, &instead));
            assert!(large < plain_length + 16 * 1024, "{large} of {plain_length}");
        }
    }
}
