#![deny(unsafe_code)]
//! The components for the tests of the host: they mirror requests, and misbehave on demand. Their sources are in
//! `guest/` (`wasi:http` 0.2) and `guest-p3/` (0.3), with a list of what they can do.

mod call;
mod compiled;
mod core_handler;
mod event;

use std::path::Path;

use funcserver_engine::{Grants, Guest, GuestOptions, Limits, LoadError, Network, Reuse, Runtime};

pub use call::{Written, call_with};
pub use compiled::compiled;
pub use core_handler::{CoreHandler, signature_text};
pub use event::{act, answer};

/// The component (`.wasm`). Its imports are only those of `wasi:http/proxy` and of Rust's standard library.
pub const WASM: &[u8] = include_bytes!(env!("FUNCSERVER_TEST_GUEST"));

/// Like [`WASM`], with the acts `context`, `config` and `log`: it also imports `funcserver:lambda/context`,
/// `wasi:config/store` and `wasi:logging`.
pub const WASM_HOST_IMPORTS: &[u8] = include_bytes!(env!("FUNCSERVER_TEST_GUEST_HOST_IMPORTS"));

/// Like [`WASM`], with the act `block`: it also imports `funcserver:test/block`, which the host has with its feature
/// `test-block`.
pub const WASM_BLOCK: &[u8] = include_bytes!(env!("FUNCSERVER_TEST_GUEST_BLOCK"));

/// The component of `wasi:http` 0.3. Its only imports of 0.2 are those of Rust's standard library.
pub const WASM_P3: &[u8] = include_bytes!(env!("FUNCSERVER_TEST_GUEST_P3"));

/// How a test runs its guest.
#[derive(Clone, Default)]
pub struct Options {
    /// What each instance may use.
    pub limits: Limits,
    /// What the guest may reach.
    pub network: Network,
    /// What the guest is given.
    pub grants: Grants,
    /// How many requests an instance serves.
    pub reuse: Reuse,
}

impl From<Limits> for Options {
    fn from(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }
}

/// Loads a component that a test has compiled, or a file that the host rejects, on a runtime of its own. For tests alone.
///
/// # Errors
/// Those of [`Runtime::load`].
pub fn load(path: &Path, options: impl Into<Options>) -> Result<Guest, LoadError> {
    let Options { limits, network, grants, reuse } = options.into();
    load_on(&Runtime::new(limits, &network), path, GuestOptions { grants, reuse, ..GuestOptions::default() })
}

/// Loads a component that a test has compiled, or a file that the host rejects. For tests alone.
///
/// # Errors
/// Those of [`Runtime::load`].
#[expect(unsafe_code)]
pub fn load_on(runtime: &Runtime, path: &Path, options: GuestOptions) -> Result<Guest, LoadError> {
    // SAFETY: a test either compiles the file itself, into a folder of its own, or damages it so that the header check
    // rejects it.
    unsafe { runtime.load(path, options) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// The names that a source file of the guest tells apart.
    fn names(source: &'static str) -> BTreeSet<&'static str> {
        let arms = source.lines().filter(|line| line.contains(" => "));
        arms.filter_map(|line| line.trim().strip_prefix('"')?.split_once('"')).map(|(name, _)| name).collect()
    }

    /// The guest looks for an act first: one with the name of an attack would hide the attack from every test.
    #[test]
    fn no_act_has_the_name_of_an_attack() {
        let acts = names(include_str!("../guest/src/act.rs"));
        let attacks = names(include_str!("../guest/src/attack.rs"));
        assert!(acts.len() > 40 && attacks.len() > 20, "{acts:?} {attacks:?}");
        assert_eq!(acts.intersection(&attacks).collect::<Vec<_>>(), Vec::<&&str>::new());
    }
}
