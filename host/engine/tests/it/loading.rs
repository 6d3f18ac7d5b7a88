//! Files that are not components for this host: each is rejected with a remedy.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use funcserver_engine::{Arch, Fault, FileKind, Limits, Target, compile};

use crate::common::{call, guest_file, handle, request, response};

/// The test guest, compiled for the other architecture.
static ELSEWHERE: LazyLock<Vec<u8>> =
    LazyLock::new(|| compile::compile(funcserver_test_guest::WASM, Target::Lambda(other_arch())).unwrap());

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
fn a_missing_file() {
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

/// A component that is soon replaced is other code, and has the same answers, faults and deadline.
#[tokio::test]
async fn an_unoptimized_component_behaves_alike() {
    let bytes = compile::compile_with(funcserver_test_guest::WASM, Target::Host, compile::Optimization::None).unwrap();
    assert!(bytes != std::fs::read(guest_file()).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("quick.cwasm");
    std::fs::write(&path, bytes).unwrap();
    let guest = funcserver_test_guest::load(&path, Limits::default()).unwrap();
    for act in ["trap", "panic:no stock", "stack", "grow", "spin"] {
        let (call, _) = call(Duration::from_secs(if act == "spin" { 1 } else { 60 }));
        let fault = handle(&guest, request(act), call).await.result.unwrap_err();
        let right = match &fault {
            Fault::Trap(crash) if act == "trap" => crash.frames.iter().any(|at| at.function.contains("fault::trap")),
            Fault::Trap(_) => act == "panic:no stock",
            Fault::Stack(_) => act == "stack",
            Fault::Memory { .. } => act == "grow",
            Fault::Deadline => act == "spin",
            _ => false,
        };
        assert!(right, "{act}: {fault:?}");
        assert_eq!(response(&guest, "read:/nothing").await.status(), 200, "after {act}");
    }
}

#[test]
fn another_architecture() {
    let text = refused("arm.cwasm", &ELSEWHERE);
    assert!(text.contains("--arch"), "{text}");
}

#[test]
fn another_version() {
    let mut bytes = std::fs::read(guest_file()).unwrap();
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
    let error = funcserver_test_guest::load(guest_file(), Limits { memory: 65_536, ..Limits::default() })
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("limits.memory") && error.contains("65536"), "{error}");
}

#[test]
fn a_truncated_file() {
    let bytes = std::fs::read(guest_file()).unwrap();
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
fn files_that_cannot_be_compiled() {
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
    let loaded = funcserver_test_guest::load(guest_file(), Limits::default()).unwrap();
    assert_eq!(*loaded.world(), compile::world(funcserver_test_guest::WASM).unwrap());
}

#[test]
fn compiling_twice_gives_the_same_bytes() {
    let here = std::fs::read(guest_file()).unwrap();
    assert!(here == compile::compile(funcserver_test_guest::WASM, Target::Host).unwrap());
    let there = compile::compile(funcserver_test_guest::WASM, Target::Lambda(other_arch())).unwrap();
    assert!(*ELSEWHERE == there);
}

/// A handler that answers nothing and has `instances` instances of a module with these contents.
fn many(instances: usize, contents: &str) -> Vec<u8> {
    let instances = "(core instance (instantiate $many))".repeat(instances);
    let component = format!(
        r#"(component
            (import "wasi:http/types@0.2.0" (instance $types
                (export "incoming-request" (type (sub resource)))
                (export "response-outparam" (type (sub resource)))))
            (alias export $types "incoming-request" (type $request))
            (alias export $types "response-outparam" (type $outparam))
            (core module $many {contents})
            {instances}
            (core module $handler (func (export "handle") (param i32 i32)))
            (core instance $handler (instantiate $handler))
            (func $handle (param "request" (own $request)) (param "response-out" (own $outparam))
                (canon lift (core func $handler "handle")))
            (component $incoming
                (import "request" (type $r (sub resource)))
                (import "outparam" (type $o (sub resource)))
                (import "handle" (func $f (param "request" (own $r)) (param "response-out" (own $o))))
                (export "handle" (func $f)))
            (instance $incoming (instantiate $incoming
                (with "request" (type $request)) (with "outparam" (type $outparam)) (with "handle" (func $handle))))
            (export "wasi:http/incoming-handler@0.2.0" (instance $incoming)))"#
    );
    compile::compile(&wat::parse_str(component).unwrap(), Target::Host).unwrap()
}

/// Whether the component loads without a refusal, and the fault of its requests.
async fn answer(component: &[u8]) -> (bool, Fault) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.cwasm");
    std::fs::write(&path, component).unwrap();
    let guest = funcserver_test_guest::load(&path, Limits::default()).unwrap();
    let (call, _) = call(Duration::from_secs(60));
    let fault = handle(&guest, request("state"), call).await.result.unwrap_err();
    (guest.refusal().is_some(), fault)
}

#[tokio::test]
async fn more_instances_and_globals_than_the_host_can_hold() {
    for (globals, fits) in [(30_000, false), (1_000, true)] {
        let component = many(40, &"(global (mut i64) (i64.const 1))".repeat(globals));
        let (refused, fault) = answer(&component).await;
        assert_eq!(refused, !fits, "{globals}");
        match fault {
            Fault::Instantiate(crash) => {
                assert!(!fits && crash.reason.contains("too large: an instance may use"), "{globals}: {crash:?}");
            }
            fault => assert!(fits && fault == Fault::NoAnswer, "{globals}: {fault}"),
        }
    }
}

/// A component that needs more than the pool has is checked separately, which takes no longer if a module has a memory.
#[tokio::test]
async fn more_memories_and_tables_than_the_pool_has() {
    let tables = "(table 20000 funcref)".repeat(16);
    for (instances, contents) in [(40, "(memory 1)"), (3, tables.as_str())] {
        assert_eq!(answer(&many(instances, contents)).await, (false, Fault::NoAnswer), "{contents}");
    }
}
