//! Files that are, or are not, components.

/// A handler that mirrors requests, and does what the header `x-act` says.
pub(crate) use funcserver_test_guest::WASM as MIRROR;

/// A core module.
pub(crate) fn core_module() -> Vec<u8> {
    wat::parse_str("(module (func (export \"run\")))").unwrap()
}

/// A component that exports nothing.
pub(crate) fn no_handler() -> Vec<u8> {
    wat::parse_str("(component)").unwrap()
}

/// A component that needs what no host has.
pub(crate) fn unknown_import() -> Vec<u8> {
    wat::parse_str("(component (import \"acme:store/kv@1.0.0\" (instance)))").unwrap()
}

/// The first half of a component.
pub(crate) fn truncated() -> &'static [u8] {
    &MIRROR[..MIRROR.len() / 2]
}
