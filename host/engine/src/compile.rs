//! Compiles components, with the settings of the host that will run them.

mod elements;
mod proposals;

use wasmparser::{Parser, Payload, Validator, WasmFeatures};
use wasmtime::{Engine, OptLevel, RegallocAlgorithm};

use crate::config::{self, Abi, Calls, Compiler};
use crate::file_kind::FileKind;
pub use crate::image::{SparseMemory, sparse_memory};
use crate::nesting::{self, TooDeep};
use crate::target::Target;
use crate::trim;
use crate::world::World;

pub use self::elements::TooManyElements;
pub use self::proposals::proposals;

/// The revision of the settings that are compiled into components. It is part of a cache's key, together with the
/// version of wasmtime and the target.
pub const SETTINGS_REVISION: u32 = config::REVISION;

/// The reason why a file cannot be compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// It is not a component.
    #[error("it is {}{}", .0.describe(), remedy(.0))]
    Kind(FileKind),
    /// It is a component that is nested too deep.
    #[error("{0}")]
    Deep(#[from] TooDeep),
    /// It is a component whose instances would use more uncounted memory than the host allows.
    #[error("{0}")]
    Elements(#[from] TooManyElements),
    /// It is a component, but it is damaged or uses a feature that wasmtime does not support.
    #[error("it is damaged or uses an unsupported feature of WebAssembly: {0}")]
    Invalid(String),
    /// The target is unknown to wasmtime.
    #[error("cannot compile for {target}: {reason}")]
    Target {
        /// The target triple.
        target: String,
        /// The reason from wasmtime.
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

/// How much of the compiler's time the speed of a component is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optimization {
    /// The component is compiled once and runs for long.
    Full,
    /// The component is soon replaced: it is compiled in a fraction of the time, and runs at half of the speed.
    None,
}

/// Compiles a component for long use. The same input always gives the same bytes.
///
/// # Errors
/// The bytes are not a valid component, or the target is unknown.
pub fn compile(wasm: &[u8], target: Target) -> Result<Vec<u8>, CompileError> {
    compile_with(wasm, target, Optimization::Full)
}

/// Compiles a component, optimised as asked. The same input always gives the same bytes.
///
/// # Errors
/// The bytes are not a valid component, or the target is unknown.
pub fn compile_with(wasm: &[u8], target: Target, optimization: Optimization) -> Result<Vec<u8>, CompileError> {
    expect_component(wasm)?;
    elements::check(wasm)?;
    let target = target.triple();
    let calls = calls(wasm);
    if optimization == Optimization::None
        && let Ok(engine) = engine(Abi { calls, compiler: Compiler::Winch }, optimization, &target)
        && let Ok(compiled) = compile_by(&engine, wasm)
    {
        return Ok(compiled);
    }
    let engine = engine(Abi { calls, compiler: Compiler::Cranelift }, optimization, &target)
        .map_err(|error| CompileError::Target { target, reason: format!("{error:#}") })?;
    compile_by(&engine, wasm).map_err(|error| CompileError::Invalid(format!("{error:#}")))
}

fn engine(abi: Abi, optimization: Optimization, target: &str) -> wasmtime::Result<Engine> {
    let mut config = config::config(abi);
    config.target(target)?;
    if optimization == Optimization::None {
        // With Winch, Cranelift still compiles a trampoline for each function that a table holds: in Go, all functions.
        config.cranelift_opt_level(OptLevel::None).cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass);
    }
    Engine::new(&config)
}

/// If trimming fails, the component is compiled without its custom sections only. If that fails too, the error is that
/// of the unchanged component.
fn compile_by(engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Vec<u8>> {
    for cut in [trim::trim, trim::without_custom_sections] {
        if let Some(compiled) = cut(wasm).ok().and_then(|wasm| engine.precompile_component(&wasm).ok()) {
            return Ok(compiled);
        }
    }
    match engine.precompile_component(wasm) {
        Ok(_) => Err(wasmtime::Error::msg("it cannot be parsed")),
        error => error,
    }
}

/// The imports and exports of a component, without compiling it.
///
/// # Errors
/// The bytes are not a component, or are damaged before the end of its imports and exports.
pub fn world(wasm: &[u8]) -> Result<World, CompileError> {
    expect_component(wasm)?;
    let mut world = World::default();
    read_world(wasm, &mut world).map_err(|error| CompileError::Invalid(error.to_string()))?;
    Ok(world)
}

/// The way in which the component must be called, by its imports and its contents. If it is invalid for another reason,
/// compiling it gives the error.
#[must_use]
pub fn calls(wasm: &[u8]) -> Calls {
    let needs_0_3 = world(wasm).is_ok_and(|world| world.needs_0_3());
    if !needs_0_3 && is_valid_without_async(wasm) { Calls::Nested } else { Calls::Concurrent }
}

/// Validates the component without async. Function bodies are skipped, because they do not depend on it.
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

/// Reads only the outermost component. Nested components have worlds of their own.
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
    fn components_of_0_2_call_nested() {
        assert_eq!(calls(WASM), Calls::Nested);
        assert_eq!(calls(WASM_HOST_IMPORTS), Calls::Nested);
        assert_eq!(calls_of("(component)"), Calls::Nested);
    }

    #[test]
    fn components_of_0_3_call_concurrently() {
        assert_eq!(calls(WASM_P3), Calls::Concurrent);
        // This interface has no async function, but other interfaces of 0.3 have.
        let random = r#"(component (import "wasi:random/random@0.3.0" (instance
            (export "get-random-u64" (func (result u64))))))"#;
        assert_eq!(calls_of(random), Calls::Concurrent);
    }

    #[test]
    fn components_with_async_inside_call_concurrently() {
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

    /// Debug information and names of any size do not make the compiled component large.
    #[test]
    fn debug_information_and_names_do_not_make_it_large() {
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
