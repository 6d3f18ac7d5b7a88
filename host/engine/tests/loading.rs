//! Files that are no component for this host: each is refused in words that say what to do.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};

use funcserver_engine::{Arch, FileKind, Limits, Target, compile};

fn refused(name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let error =
        funcserver_test_guest::load(&path, Limits::default()).err().unwrap_or_else(|| panic!("{name} was loaded"));
    let text = error.to_string();
    assert!(text.contains(name), "{text}");
    text
}

fn other_arch() -> Arch {
    Arch::ALL.into_iter().find(|arch| Some(*arch) != Arch::host()).unwrap()
}

#[test]
fn a_file_that_is_not_there() {
    let error = funcserver_test_guest::load(Path::new("no/such.cwasm"), Limits::default()).err().unwrap().to_string();
    assert!(error.contains("no/such.cwasm") && error.contains("cannot read"), "{error}");
}

#[test]
fn files_of_other_kinds() {
    assert!(refused("a.cwasm", b"").contains("empty"));
    assert!(refused("b.cwasm", b"some text").contains("text"));
    assert!(refused("c.cwasm", b"\0asm\x01\0\0\0").contains("core WebAssembly module"));
    let text = refused("d.cwasm", funcserver_test_guest::WASM);
    assert!(text.contains("funcserver build"), "{text}");
    let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    assert!(refused("e.cwasm", &own).contains("executable"));
}

#[test]
fn another_architecture() {
    let bytes = compile::compile(funcserver_test_guest::WASM, Target::Lambda(other_arch())).unwrap();
    let text = refused("arm.cwasm", &bytes);
    assert!(text.contains("--arch"), "{text}");
}

#[test]
fn another_version() {
    let mut bytes = compile::compile(funcserver_test_guest::WASM, Target::Host).unwrap();
    let FileKind::Precompiled(found) = FileKind::of(&bytes) else { panic!("not recognised") };
    let version = found.version.unwrap();
    let mut mark = vec![0, u8::try_from(version.len()).unwrap()];
    mark.extend(version.as_bytes());
    let at = bytes.windows(mark.len()).position(|window| window == mark).unwrap();
    bytes[at + 2] = b'9';
    let text = refused("old.cwasm", &bytes);
    assert!(text.contains("compiled by wasmtime 9") && text.contains("funcserver build"), "{text}");
}

#[test]
fn more_memory_at_the_start_than_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guest.cwasm");
    std::fs::write(&path, compile::compile(funcserver_test_guest::WASM, Target::Host).unwrap()).unwrap();
    let error =
        funcserver_test_guest::load(&path, Limits { memory: 65_536, ..Limits::default() }).err().unwrap().to_string();
    assert!(error.contains("limits.memory") && error.contains("65536"), "{error}");
}

#[test]
fn a_truncated_file() {
    let bytes = compile::compile(funcserver_test_guest::WASM, Target::Host).unwrap();
    for length in [10, 100, bytes.len() / 2, bytes.len() - 1] {
        refused("cut.cwasm", &bytes[..length]);
    }
}

#[test]
fn a_component_that_handles_nothing() {
    let wasm = wat::parse_str("(component)").unwrap();
    let bytes = compile::compile(&wasm, Target::Host).unwrap();
    let text = refused("empty.cwasm", &bytes);
    assert!(text.contains("wasi:http/incoming-handler@0.2.x"), "{text}");
}

#[test]
fn what_cannot_be_compiled() {
    for (bytes, expected) in [
        (&b""[..], "empty"),
        (b"(component)", "text"),
        (b"\0asm\x01\0\0\0", "core WebAssembly module"),
        (&funcserver_test_guest::WASM[..1000], "damaged"),
    ] {
        let error = compile::compile(bytes, Target::Host).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn the_world_is_the_same_before_and_after_compiling() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guest.cwasm");
    std::fs::write(&path, compile::compile(funcserver_test_guest::WASM, Target::Host).unwrap()).unwrap();
    let loaded = funcserver_test_guest::load(&path, Limits::default()).unwrap();
    assert_eq!(*loaded.world(), compile::world(funcserver_test_guest::WASM).unwrap());
}

#[test]
fn compiling_twice_gives_the_same_bytes() {
    for target in [Target::Host, Target::Lambda(other_arch())] {
        let once = compile::compile(funcserver_test_guest::WASM, target).unwrap();
        assert!(once == compile::compile(funcserver_test_guest::WASM, target).unwrap(), "{target:?}");
    }
}

/// Made of so many instances of a module with so many globals.
fn many(instances: usize, globals: usize) -> String {
    let globals = "(global (mut i64) (i64.const 1))".repeat(globals);
    let instances = "(core instance (instantiate $m))".repeat(instances);
    format!("(component (core module $m {globals}) {instances})")
}

#[test]
fn more_instances_and_globals_than_the_host_can_hold() {
    for (instances, globals, fits) in [(40, 30_000, false), (40, 1_000, true)] {
        let wasm = wat::parse_str(many(instances, globals)).unwrap();
        let error = refused("many.cwasm", &compile::compile(&wasm, Target::Host).unwrap());
        // What fits is refused for another reason: it handles nothing.
        assert_eq!(error.contains("made of too much"), !fits, "{instances} of {globals}: {error}");
    }
}

/// What needs more than the pool has is judged apart, which takes no longer for a module that has a memory.
#[test]
fn more_memories_and_tables_than_the_pool_has() {
    let tables = "(table 60000 funcref)".repeat(16);
    for (name, module) in [("memories", "(memory 1)"), ("tables", tables.as_str())] {
        let instances = "(core instance (instantiate $m))".repeat(40);
        let wasm = wat::parse_str(format!("(component (core module $m {module}) {instances})")).unwrap();
        let error = refused("many.cwasm", &compile::compile(&wasm, Target::Host).unwrap());
        assert!(!error.contains("made of too much"), "{name}: {error}");
        assert!(error.contains("it exports nothing"), "{name}: {error}");
    }
}
