//! An instance finds its memory, its globals and its table in their initial state, even if the previous instance in the
//! same slot of the pool changed them.

use funcserver_engine::{Fault, Limits, Target, compile};

use crate::common::{act, limits};

/// More requests than the pool has slots, so that each slot is reused.
const REQUESTS: usize = 30;

/// A component that traps at its start unless it finds its initial state, and that never answers, but overwrites
/// `bytes` bytes of its memory and everything else.
fn spoiler(bytes: usize) -> String {
    format!(
        r#"(component
        (import "wasi:http/types@0.2.12" (instance $types
            (export "incoming-request" (type (sub resource)))
            (export "response-outparam" (type (sub resource)))))
        (alias export $types "incoming-request" (type $request))
        (alias export $types "response-outparam" (type $outparam))
        (core module $guest
            (memory 40)
            (data (i32.const 4096) "low data")
            (data (i32.const 2097152) "high dat")
            (table $table 2000 funcref)
            (global $global (mut i32) (i32.const 7))
            (func $spoilt)
            (elem declare func $spoilt)
            (func $found (param $is_so i32) (if (i32.eqz (local.get $is_so)) (then unreachable)))
            (func $start (local $at i32) (local $seen i64)
                (call $found (i32.eq (global.get $global) (i32.const 7)))
                (call $found (i32.eq (memory.size) (i32.const 40)))
                (call $found (i32.eq (table.size $table) (i32.const 2000)))
                ;; "low data" and "high dat", of which nothing is left when the rest is looked at
                (call $found (i64.eq (i64.load (i32.const 4096)) (i64.const 0x6174616420776f6c)))
                (call $found (i64.eq (i64.load (i32.const 2097152)) (i64.const 0x7461642068676968)))
                (i64.store (i32.const 4096) (i64.const 0))
                (i64.store (i32.const 2097152) (i64.const 0))
                (loop $memory
                    (local.set $seen (i64.or (local.get $seen) (i64.load (local.get $at))))
                    (local.set $at (i32.add (local.get $at) (i32.const 8)))
                    (br_if $memory (i32.lt_u (local.get $at) (i32.const 2621440))))
                (call $found (i64.eqz (local.get $seen)))
                (local.set $at (i32.const 0))
                (loop $entries
                    (call $found (ref.is_null (table.get $table (local.get $at))))
                    (local.set $at (i32.add (local.get $at) (i32.const 1)))
                    (br_if $entries (i32.lt_u (local.get $at) (i32.const 2000)))))
            (start $start)
            (func (export "handle") (param i32 i32)
                (global.set $global (i32.const 8))
                (memory.fill (i32.const 0) (i32.const 0xff) (i32.const {bytes}))
                (drop (memory.grow (i32.const 2)))
                (i64.store (i32.const 2621440) (i64.const -1))
                (table.fill $table (i32.const 0) (ref.func $spoilt) (i32.const 2000))
                (drop (table.grow $table (ref.func $spoilt) (i32.const 10)))))
        (core instance $instance (instantiate $guest))
        (func $handle (param "request" (own $request)) (param "response-out" (own $outparam))
            (canon lift (core func $instance "handle")))
        (instance $handler (export "handle" (func $handle)))
        (export "wasi:http/incoming-handler@0.2.12" (instance $handler)))"#
    )
}

#[tokio::test]
async fn a_slot_is_fresh_for_every_instance() {
    let folder = tempfile::tempdir().unwrap();
    // The amounts are none, less than the resident part of a slot, and more than it.
    for bytes in [0, 300_000, 2_621_440] {
        let wasm = wat::parse_str(spoiler(bytes)).unwrap();
        let path = folder.path().join(format!("{bytes}.cwasm"));
        std::fs::write(&path, compile::compile(&wasm, Target::Host).unwrap()).unwrap();
        let guest = funcserver_test_guest::load(&path, Limits { concurrency: 1, ..limits() }).unwrap();
        for _ in 0..REQUESTS {
            let (answer, _) = act(&guest, "").await;
            assert_eq!(answer.result.unwrap_err(), Fault::NoAnswer, "{bytes} bytes");
            assert_eq!(answer.after.finish().await, None);
        }
    }
}
