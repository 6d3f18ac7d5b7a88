//! The proposals that a component uses: those without which it is not valid, at any depth.

use std::mem;

use rayon::prelude::*;
use wasmparser::{
    BinaryReader, FuncToValidate, FuncValidatorAllocations, FunctionBody, Parser, ValidPayload, Validator,
    ValidatorResources, WasmFeatures,
};

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

/// Every feature that wasmtime enables.
fn all() -> WasmFeatures {
    PROPOSALS.iter().fold(ALWAYS, |all, (_, features)| all | *features)
}

/// The names of the proposals that a component uses. The component is valid with these alone.
///
/// # Errors
/// The bytes are not a valid component, even with all proposals that wasmtime enables.
pub fn proposals(wasm: &[u8]) -> Result<Vec<&'static Proposal>, CompileError> {
    expect_component(wasm)?;
    let Some(needs) = Outline::read(wasm, all()).ok().and_then(|outline| outline.needs()) else {
        // In order, so that the error is the same each time.
        let error = Validator::new_with_features(all()).validate_all(wasm).err();
        let error = error.map_or_else(|| "it cannot be validated".to_owned(), |error| error.to_string());
        return Err(CompileError::Invalid(error));
    };
    let needs = needs | needs_of(ALWAYS, |features| Outline::read(wasm, features).is_ok());
    let needs = without_alternative(wasm, needs);
    let used = PROPOSALS.iter().filter(|(_, features)| needs.contains(*features));
    let mut used: Vec<_> = used.filter_map(|(name, _)| Proposal::named(name)).collect();
    used.sort_by_key(|proposal| proposal.name);
    Ok(used)
}

/// If one part needs `gc`, no other part needs `function-references` for what either allows.
fn without_alternative(wasm: &[u8], needs: WasmFeatures) -> WasmFeatures {
    let without = needs - WasmFeatures::FUNCTION_REFERENCES;
    let valid = || Outline::read(wasm, without).is_ok_and(|outline| outline.all_valid(without));
    if needs.contains(WasmFeatures::GC) && without != needs && valid() { without } else { needs }
}

/// A component whose sections are valid, and whose functions are not validated yet.
struct Outline<'a> {
    functions: Vec<Function<'a>>,
}

/// A function that is not validated yet.
type Function<'a> = (FuncToValidate<ValidatorResources>, FunctionBody<'a>);

impl Outline<'_> {
    fn read(wasm: &[u8], features: WasmFeatures) -> wasmparser::Result<Outline<'_>> {
        let mut validator = Validator::new_with_features(features);
        let mut parser = Parser::new(0);
        parser.set_features(features);
        let mut functions = Vec::new();
        for payload in parser.parse_all(wasm) {
            if let ValidPayload::Func(function, body) = validator.payload(&payload?)? {
                functions.push((function, body));
            }
        }
        Ok(Outline { functions })
    }

    /// What the functions need; `None` if one of them is invalid. They are validated side by side, each with what
    /// earlier ones needed: nearly all are validated once.
    fn needs(&self) -> Option<WasmFeatures> {
        let start = || Some((ALWAYS, FuncValidatorAllocations::default()));
        let each = self.functions.par_iter().fold(start, |found, function| {
            let (known, mut kept) = found?;
            let mut is_valid = |features| valid(function, features, &mut kept);
            let needs = if is_valid(known) {
                known
            } else if is_valid(all()) {
                needs_of(known, is_valid)
            } else {
                return None;
            };
            Some((needs, kept))
        });
        each.map(|found| found.map(|(needs, _)| needs)).try_reduce(|| ALWAYS, |needs, more| Some(needs | more))
    }

    fn all_valid(&self, features: WasmFeatures) -> bool {
        self.functions.par_iter().all(|function| valid(function, features, &mut FuncValidatorAllocations::default()))
    }
}

/// Whether a function is valid with these features.
fn valid((function, body): &Function<'_>, features: WasmFeatures, kept: &mut FuncValidatorAllocations) -> bool {
    let function = FuncToValidate { resources: function.resources.clone(), features, ..*function };
    let mut validator = function.into_validator(mem::take(kept));
    let reader = BinaryReader::new_features(body.as_bytes(), body.range().start, features);
    let valid = validator.validate(&FunctionBody::new(reader)).is_ok();
    *kept = validator.into_allocations();
    valid
}

/// The features without which something is not valid, and `known`, with which it may be or not. It is valid with all.
fn needs_of(known: WasmFeatures, is_valid: impl FnMut(WasmFeatures) -> bool) -> WasmFeatures {
    let mut search = Search { known, features: all(), is_valid };
    search.narrow(&PROPOSALS);
    search.features
}

/// The features with which something is known to be valid.
struct Search<V> {
    known: WasmFeatures,
    features: WasmFeatures,
    is_valid: V,
}

impl<V: FnMut(WasmFeatures) -> bool> Search<V> {
    /// Disables the unused features of `group`: all at once if possible, otherwise in halves. The first use of a
    /// disabled feature ends the validation, usually early.
    fn narrow(&mut self, group: &[(&'static str, WasmFeatures)]) {
        let unused = group.iter().fold(WasmFeatures::empty(), |unused, (_, features)| unused | *features) - self.known;
        let without = self.features - unused;
        if without == self.features {
            return;
        }
        if (self.is_valid)(without) {
            self.features = without;
        } else if group.len() > 1 {
            let (first, second) = group.split_at(group.len() / 2);
            self.narrow(first);
            self.narrow(second);
        }
    }
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
    fn parts_need_no_more_together_than_alone() {
        // A reference of a known type needs one of the two, and the other function needs `gc`.
        let either = "(type $f (func)) (func (param (ref null $f)) (drop (ref.as_non_null (local.get 0))))";
        assert_eq!(used_by(either), ["function-references", "reference-types"]);
        let structs = "(type $s (struct (field i32))) (func (drop (struct.new $s (i32.const 1))))";
        assert_eq!(used_by(&format!("{either} {structs}")), ["function-references", "gc", "reference-types"]);
        let reference = "(type $g (func)) (func (local (ref null $g)))";
        assert_eq!(used_by(reference), ["function-references", "reference-types"]);
        assert_eq!(used_by(&format!("{reference} {structs}")), ["gc", "reference-types"]);
    }

    #[test]
    fn every_function_is_read() {
        let plain = "(func (param i32) (result i32) local.get 0)".repeat(2_000);
        let last = "(func (result i32) i32.const 1 i32.extend8_s) (memory 1) (data \"passive\")";
        assert_eq!(used_by(&format!("{plain} {last}")), ["bulk-memory", "sign-extension"]);
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
