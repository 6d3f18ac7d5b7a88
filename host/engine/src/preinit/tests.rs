//! Tests of modules with various initialisations.

use super::*;

/// A library whose initialisation begins with `body`, with the imports that the tests need.
fn library(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (import "wasi:http/types@0.2.12" "[constructor]fields" (func $fields (result i32)))
            (memory (export "memory") 1)
            (global $counter (export "counter") (mut i64) (i64.const 1))
            (data (i32.const 64) "\50\00\00\00\06\00\00\00")
            (data (i32.const 80) "hello\n")
            (func $print (drop (call $write (i32.const 2) (i32.const 64) (i32.const 1) (i32.const 96))))
            (func (export "_initialize") {body})
            (func (export "get") (param i32) (result i64) (i64.load (local.get 0))))"#
    );
    wat::parse_str(text).unwrap()
}

fn kept(body: &str) -> Initialized {
    preinit(&library(body), [7; 32]).unwrap()
}

fn refused(body: &str) -> String {
    preinit(&library(body), [7; 32]).unwrap_err().to_string()
}

/// An initialisation that never ends, so the test does not depend on the speed of the machine.
fn endless(body: &str) -> String {
    within(&library(body), [7; 32], Duration::from_millis(300)).unwrap_err().to_string()
}

/// The counter and a word of memory with which an instance of the module starts.
fn begins(module: &[u8], address: i32) -> (i64, i64) {
    let engine = Engine::default();
    let module = Module::new(&engine, module).unwrap();
    assert!(module.get_export(INITIALIZE).is_none());
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    linker.define_unknown_imports_as_traps(&module).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let counter = instance.get_global(&mut store, "counter").unwrap().get(&mut store).unwrap_i64();
    let get = instance.get_typed_func::<i32, i64>(&mut store, "get").unwrap();
    (counter, get.call(&mut store, address).unwrap())
}

#[test]
fn an_instance_starts_from_the_snapshot() {
    let body = "(global.set $counter (i64.const 2)) (i64.store (i32.const 200) (i64.const 3))
        (drop (memory.grow (i32.const 1))) (i64.store (i32.const 70000) (i64.const 4)) (call $print)";
    let kept = kept(body);
    assert_eq!(kept.output, "hello\n");
    assert_eq!(begins(&kept.module, 200), (2, 3));
    assert_eq!(begins(&kept.module, 70000), (2, 4));
}

#[test]
fn the_same_module_gives_the_same_bytes() {
    let body = "(drop (call $random (i32.const 200) (i32.const 40)))
        (drop (call $time (i32.const 0) (i64.const 1) (i32.const 304)))
        (drop (call $time (i32.const 1) (i64.const 1) (i32.const 312)))
        (drop (call $environ_sizes (i32.const 400) (i32.const 404)))";
    let module = kept(body).module;
    assert_eq!(kept(body).module, module);
    let other = preinit(&library(body), [8; 32]).unwrap().module;
    assert_ne!(begins(&other, 200), begins(&module, 200));
    assert_ne!(begins(&module, 200), begins(&module, 208));
    // The nanoseconds since the clock began, and the length of "FUNCSERVER_PREINIT=1" with its NUL.
    let (_, wall) = begins(&module, 304);
    assert!((0..1_000_000).contains(&wall), "{wall}");
    assert_eq!(begins(&module, 400).1, 21 << 32 | 1);
}

#[test]
fn the_error_of_a_failed_initialisation_has_its_output() {
    assert_eq!(
        refused("(call $print) (call $exit (i32.const 3))"),
        "its initialisation failed: Exited with i32 exit status 3; it printed: hello"
    );
}

#[test]
fn an_initialisation_that_does_not_end_is_ended() {
    let late = "its initialisation failed: it took longer than 300ms";
    assert_eq!(endless("(loop $again (br $again))"), late);
    // A few instructions, each of which takes long.
    let fill = "(drop (memory.grow (i32.const 2000)))
        (loop $again (memory.fill (i32.const 65536) (i32.const 1) (i32.const 131000000)) (br $again))";
    assert_eq!(endless(fill), late);
}

#[test]
fn the_imports_of_a_component_trap_during_initialisation() {
    let error = refused("(drop (call $fields))");
    assert!(error.contains("wasi:http/types@0.2.12"), "{error}");
}

#[test]
fn memory_is_limited() {
    let module = kept("(global.set $counter (i64.extend_i32_s (memory.grow (i32.const 5000))))").module;
    assert_eq!(begins(&module, 0).0, -1);
}

#[test]
fn the_error_of_an_initialisation_without_memory_names_the_limit() {
    let fill = "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";
    let error = refused(fill);
    assert!(error.contains("unreachable"), "{error}");
    assert!(error.contains("it asked for more than the 256 MiB of memory"), "{error}");
    let several = r#"(module (memory 3000) (memory 3000) (func (export "_initialize")))"#;
    let error = preinit(&wat::parse_str(several).unwrap(), [7; 32]).unwrap_err().to_string();
    assert!(error.contains("it asked for more than the 256 MiB of memory"), "{error}");
    let table = r#"(module (table 2000000 funcref) (func (export "_initialize")))"#;
    let error = preinit(&wat::parse_str(table).unwrap(), [7; 32]).unwrap_err().to_string();
    assert!(error.contains("it asked for tables of more than 1048576 entries"), "{error}");
}

/// The most segments that an engine accepts, plus those that the snapshot adds.
#[test]
fn a_module_with_the_most_segments_is_kept() {
    let segments: String = (0..99_999).map(|at| format!("(data (i32.const {}) \"\\07\")\n", 4096 + 16 * at)).collect();
    let text = format!(
        r#"(module
            (memory (export "memory") 64)
            (global $counter (export "counter") (mut i64) (i64.const 1))
            {segments}
            (func (export "_initialize") (local $at i32)
                (loop $again
                    (i64.store (local.get $at) (i64.const 9))
                    (br_if $again (i32.lt_u
                        (local.tee $at (i32.add (local.get $at) (i32.const 32)))
                        (i32.const 4000000)))))
            (func (export "get") (param i32) (result i64) (i64.load (local.get 0))))"#
    );
    let module = preinit(&wat::parse_str(text).unwrap(), [7; 32]).unwrap().module;
    assert_eq!(begins(&module, 3_999_968).1, 9);
    // A segment between those that the initialisation has written.
    assert_eq!(begins(&module, 4096 + 16).1, 7);
}

#[test]
fn segments_that_are_copied_later_are_kept() {
    let text = r#"(module
        (memory (export "memory") 1)
        (global $counter (export "counter") (mut i64) (i64.const 1))
        (data (i32.const 8) "\01")
        (data "never asked for")
        (data (i32.const 8) "\02")
        (data $later "\05\00\00\00\00\00\00\00")
        (func (export "_initialize") (global.set $counter (i64.load8_u (i32.const 8))))
        (func (export "get") (param i32) (result i64)
            (memory.init $later (i32.const 64) (i32.const 0) (i32.const 8))
            (i64.load (local.get 0))))"#;
    let module = preinit(&wat::parse_str(text).unwrap(), [7; 32]).unwrap().module;
    assert_eq!(begins(&module, 64), (2, 5));
    assert_eq!(begins(&module, 8), (2, 2));
}

#[test]
fn modules_that_a_snapshot_cannot_represent_are_rejected() {
    let table = r#"(module (table 1 funcref) (func (export "_initialize") (table.set (i32.const 0) (ref.null func))))"#;
    for module in [table, "(module)"] {
        let error = preinit(&wat::parse_str(module).unwrap(), [7; 32]).unwrap_err().to_string();
        assert!(error.starts_with("its initialisation"), "{error}");
    }
    assert!(matches!(preinit(b"\0asm\x01\0\0\0\x01", [7; 32]), Err(PreinitError::Unfit(_))));
}
