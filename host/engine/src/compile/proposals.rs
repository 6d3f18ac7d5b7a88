//! The proposals that a component uses: those without which it is not valid, at any depth.

use std::mem;

use rayon::prelude::*;
use wasmparser::{FuncValidatorAllocations, Parser, ValidPayload, Validator, WasmFeatures};

use super::{CompileError, expect_component};
use crate::proposal::Proposal;

/// The features that every component needs.
const ALWAYS: WasmFeatures = WasmFeatures::COMPONENT_MODEL.union(WasmFeatures::FLOATS);

/// The proposals with the features of the validator, in the order of the search: rarely used ones first. A reference of
/// a known type is valid with either `gc` or `function-references`. The smaller one comes second, so it is the one that
/// is found.
const PROPOSALS: [(&str, WasmFeatures); 17] = [
    // `GC_TYPES` is not a proposal: it covers the types of other proposals that the garbage collector manages, such as
    // `externref`.
    ("gc", WasmFeatures::GC.union(WasmFeatures::GC_TYPES)),
    ("function-references", WasmFeatures::FUNCTION_REFERENCES),
    ("exceptions", WasmFeatures::EXCEPTIONS),
    ("threads", WasmFeatures::THREADS),
    ("memory64", WasmFeatures::MEMORY64),
    ("multi-memory", WasmFeatures::MULTI_MEMORY),
    ("tail-call", WasmFeatures::TAIL_CALL),
    ("relaxed-simd", WasmFeatures::RELAXED_SIMD),
    ("simd", WasmFeatures::SIMD),
    ("extended-const", WasmFeatures::EXTENDED_CONST),
    ("component-model-async", WasmFeatures::CM_ASYNC),
    ("multi-value", WasmFeatures::MULTI_VALUE),
    ("reference-types", WasmFeatures::REFERENCE_TYPES),
    ("bulk-memory", WasmFeatures::BULK_MEMORY),
    ("mutable-global", WasmFeatures::MUTABLE_GLOBAL),
    ("saturating-float-to-int", WasmFeatures::SATURATING_FLOAT_TO_INT),
    ("sign-extension", WasmFeatures::SIGN_EXTENSION),
];

/// The names of the proposals that a component uses. The component is valid with these alone.
///
/// # Errors
/// The bytes are not a valid component, even with all proposals that wasmtime enables.
pub fn proposals(wasm: &[u8]) -> Result<Vec<&'static Proposal>, CompileError> {
    expect_component(wasm)?;
    let all = PROPOSALS.iter().fold(ALWAYS, |all, (_, features)| all | *features);
    if validate(wasm, all).is_err() {
        // In order, so that the error is the same each time.
        let valid = Validator::new_with_features(all).validate_all(wasm);
        valid.map_err(|error| CompileError::Invalid(error.to_string()))?;
    }
    let mut search = Search { wasm, features: all, used: Vec::new() };
    search.narrow(&PROPOSALS);
    let mut used: Vec<_> = search.used.into_iter().filter_map(Proposal::named).collect();
    used.sort_by_key(|proposal| proposal.name);
    Ok(used)
}

/// The features with which the component is known to be valid, and those among them that it needs.
struct Search<'a> {
    wasm: &'a [u8],
    features: WasmFeatures,
    used: Vec<&'static str>,
}

impl Search<'_> {
    /// Disables the unused features of `group`: all at once if possible, otherwise in halves. The first use of a
    /// disabled feature ends the validation, usually early. A large component thus takes a few validations, not one for
    /// each proposal.
    fn narrow(&mut self, group: &[(&'static str, WasmFeatures)]) {
        let without = group.iter().fold(self.features, |without, (_, features)| without - *features);
        if validate(self.wasm, without).is_ok() {
            self.features = without;
        } else if let [(name, _)] = group {
            self.used.push(name);
        } else {
            let (first, second) = group.split_at(group.len() / 2);
            self.narrow(first);
            self.narrow(second);
        }
    }
}

/// Validates the component, its functions side by side. Of several errors it is any.
fn validate(wasm: &[u8], features: WasmFeatures) -> wasmparser::Result<()> {
    let mut validator = Validator::new_with_features(features);
    let mut parser = Parser::new(0);
    parser.set_features(features);
    let mut functions = Vec::new();
    for payload in parser.parse_all(wasm) {
        if let ValidPayload::Func(function, body) = validator.payload(&payload?)? {
            functions.push((function, body));
        }
    }
    functions.into_par_iter().try_for_each_init(FuncValidatorAllocations::default, |kept, (function, body)| {
        let mut validator = function.into_validator(mem::take(kept));
        validator.validate(&body)?;
        *kept = validator.into_allocations();
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use funcserver_test_guest::{WASM, WASM_P3};

    use super::*;

    /// The proposals of a component with one core module that has these fields.
    fn used_by(fields: &str) -> Vec<&'static str> {
        names(&format!("(component (core module {fields}))"))
    }

    fn names(text: &str) -> Vec<&'static str> {
        let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let used = proposals(&wasm).unwrap_or_else(|error| panic!("{text}: {error}"));
        used.into_iter().map(|proposal| proposal.name).collect()
    }

    #[test]
    fn every_proposal_has_its_features() {
        let mut names = PROPOSALS.map(|(name, _)| name);
        names.sort_unstable();
        let known: Vec<_> = crate::proposal::PROPOSALS.iter().map(|proposal| proposal.name).collect();
        assert_eq!(names.as_slice(), known);
    }

    #[test]
    fn each_proposal_is_found_if_it_alone_is_used() {
        let all = [
            ("bulk-memory", "(memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))"),
            ("bulk-memory", "(memory 1) (data \"passive\")"),
            ("exceptions", "(tag $gone) (func (throw $gone))"),
            ("extended-const", "(global i32 (i32.add (i32.const 1) (i32.const 2)))"),
            ("gc", "(type (struct (field i32)))"),
            ("memory64", "(memory i64 1)"),
            ("multi-memory", "(memory 1) (memory 1)"),
            ("multi-value", "(func (result i32 i32) i32.const 1 i32.const 2)"),
            ("mutable-global", "(global (export \"g\") (mut i32) (i32.const 0))"),
            ("reference-types", "(table 1 funcref) (table 1 funcref)"),
            ("saturating-float-to-int", "(func (result i32) f32.const 1 i32.trunc_sat_f32_s)"),
            ("sign-extension", "(func (result i32) i32.const 1 i32.extend8_s)"),
            ("simd", "(func (drop (v128.const i32x4 0 0 0 0)))"),
            ("tail-call", "(func $f (return_call $f))"),
            ("threads", "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))"),
        ];
        for (name, fields) in all {
            assert_eq!(used_by(fields), [name], "{fields}");
        }
        assert_eq!(used_by("(memory 1) (func (export \"run\") (param i32) (result i32) local.get 0)"), [""; 0]);
    }

    #[test]
    fn a_proposal_is_found_with_those_that_it_builds_on() {
        let typed = "(type $f (func)) (func (param (ref null $f)) (call_ref $f (local.get 0)))";
        assert_eq!(used_by(typed), ["function-references", "reference-types"]);
        let relaxed = "(func (param v128 v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 1))))";
        assert_eq!(used_by(relaxed), ["relaxed-simd", "simd"]);
        let structs = "(type $s (struct (field i32))) (func (drop (struct.new $s (i32.const 1))))";
        assert_eq!(used_by(structs), ["gc"]);
        // Neither a struct nor an array, but managed by the garbage collector.
        assert_eq!(used_by("(func (param externref))"), ["gc", "reference-types"]);
        let caught = "(tag $gone) (func (block $h (result exnref) (try_table (catch_all_ref $h)) (return)) (drop))";
        assert_eq!(used_by(caught), ["exceptions", "reference-types"]);
    }

    #[test]
    fn async_of_the_component_model_is_found() {
        let text = r#"(component (core func (canon task.return (result u32))))"#;
        assert_eq!(names(text), ["component-model-async"]);
    }

    #[test]
    fn nested_uses_are_found_at_any_depth() {
        let mut text =
            "(core module) (core module (type (struct)) (func (drop (v128.const i32x4 0 0 0 0))))".to_owned();
        for _ in 0..50 {
            text = format!("(component (core module (memory 1)) {text})");
        }
        assert_eq!(names(&text), ["gc", "simd"]);
        // Only the type of a module.
        assert_eq!(names("(component (core type (module (type (struct)))))"), ["gc"]);
    }

    #[test]
    fn components_of_real_toolchains_use_no_garbage_collector() {
        for wasm in [WASM, WASM_P3] {
            let used: Vec<_> = proposals(wasm).unwrap().into_iter().map(|proposal| proposal.name).collect();
            assert!(used.contains(&"sign-extension"), "{used:?}");
            for other in ["gc", "exceptions", "threads", "memory64"] {
                assert!(!used.contains(&other), "{used:?}");
            }
            assert_eq!(used.contains(&"component-model-async"), wasm == WASM_P3, "{used:?}");
        }
    }

    #[test]
    fn proposals_that_wasmtime_disables_are_rejected() {
        for text in [
            "(component (core module (memory 1 (pagesize 1))))",
            "(component (core module (func (param i64 i64 i64 i64) (result i64 i64)
                (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))))",
        ] {
            let error = proposals(&wat::parse_str(text).unwrap()).unwrap_err();
            assert!(matches!(error, CompileError::Invalid(_)), "{error}");
        }
        assert!(matches!(proposals(b"\0asm\x01\0\0\0"), Err(CompileError::Kind(_))));
    }
}
