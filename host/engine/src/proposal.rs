//! The WebAssembly proposals that a component may use beyond the first version of WebAssembly, and that wasmtime
//! enables.

/// An addition to the first version of WebAssembly (the standard of 2019), with the name that its authors use.
#[derive(Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its name, such as `gc`.
    pub name: &'static str,
    /// The feature that it adds.
    pub adds: &'static str,
}

/// All proposals, by name. Proposals that wasmtime disables by default are not included: components that use them are
/// not compiled.
pub static PROPOSALS: &[Proposal] = &[
    Proposal { name: "bulk-memory", adds: "instructions that copy and fill memories and tables" },
    Proposal {
        name: "component-model-async",
        adds: "futures, streams and async functions of components: all that `wasi:http` 0.3 is made of",
    },
    Proposal { name: "exceptions", adds: "exceptions that are thrown and caught, which the garbage collector holds" },
    Proposal { name: "extended-const", adds: "arithmetic where a global or a segment begins" },
    Proposal { name: "function-references", adds: "references to functions of a known type, and calls by them" },
    Proposal {
        name: "gc",
        adds: "structs and arrays that a garbage collector holds, and `externref`, which it holds too",
    },
    Proposal { name: "memory64", adds: "memories and tables with addresses of 64 bits" },
    Proposal { name: "multi-memory", adds: "several memories in one module" },
    Proposal { name: "multi-value", adds: "functions and blocks with several results" },
    Proposal { name: "mutable-global", adds: "globals that change and are imported or exported" },
    Proposal { name: "reference-types", adds: "references as values, and several tables" },
    Proposal { name: "relaxed-simd", adds: "vector instructions whose results may depend on the processor" },
    Proposal { name: "saturating-float-to-int", adds: "conversions to whole numbers that never trap" },
    Proposal { name: "sign-extension", adds: "instructions that extend the sign of a small number" },
    Proposal { name: "simd", adds: "vectors of 128 bits" },
    Proposal { name: "tail-call", adds: "calls that take their caller's place" },
    Proposal { name: "threads", adds: "atomic instructions; a memory that threads share is refused in any case" },
];

impl Proposal {
    /// The proposal of this name.
    pub fn named(name: &str) -> Option<&'static Proposal> {
        PROPOSALS.iter().find(|proposal| proposal.name == name)
    }
}
