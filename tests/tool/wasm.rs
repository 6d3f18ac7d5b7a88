//! Components, and files that are not components.

use funcserver_test_guest::CoreHandler;

/// A handler that mirrors requests, and performs the act in the header `x-act`.
pub(crate) use funcserver_test_guest::WASM as MIRROR;

/// The example handler, whose pages contain `Home`.
const EXAMPLE: &[u8] = include_bytes!(env!("FUNCSERVER_EXAMPLE_COMPONENT"));

/// Another version of the example handler: its pages contain `name` instead of `Home`.
pub(crate) fn version(name: &str) -> Vec<u8> {
    assert_eq!(name.len(), "Home".len());
    let mut bytes = EXAMPLE.to_vec();
    let places: Vec<_> = (0..bytes.len() - 4).filter(|&at| bytes[at..].starts_with(b"Home")).collect();
    assert!(places.len() > 1, "the page has it in its title and its menu");
    places.into_iter().for_each(|at| bytes[at..at + 4].copy_from_slice(name.as_bytes()));
    bytes
}

/// A core module.
pub(crate) fn core_module() -> Vec<u8> {
    wat::parse_str("(module (func (export \"run\")))").unwrap()
}

/// A core module that is a handler and uses the garbage collector.
pub(crate) fn collected() -> Vec<u8> {
    let module = r#"(module
        (type $pair (struct (field i32) (field i32)))
        (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
        (func (export "wasi:http/incoming-handler@0.2.12#handle") (param i32 i32)
            (drop (struct.new $pair (local.get 0) (local.get 1)))))"#;
    wat::parse_str(module).unwrap()
}

/// A core module with pre-initialisation, which consists of `body`.
pub(crate) fn initialised(body: &str) -> Vec<u8> {
    let module = format!(
        r#"(module
            (memory (export "memory") 1)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
            (func (export "wasi:http/incoming-handler@0.2.12#handle") (param i32 i32))
            (func (export "_initialize") {body})
            (func (export "funcserver:preinit")))"#
    );
    wat::parse_str(module).unwrap()
}

/// A core module that is a handler. Its memory has initial data at its start and 200 MiB later.
pub(crate) fn scattered() -> Vec<u8> {
    let module = r#"(module
        (memory (export "memory") 3201)
        (data (i32.const 0) "a")
        (data (i32.const 209715200) "z")
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
        (func (export "wasi:http/incoming-handler@0.2.12#handle") (param i32 i32)))"#;
    wat::parse_str(module).unwrap()
}

/// A component that exports nothing.
pub(crate) fn no_handler() -> Vec<u8> {
    wat::parse_str("(component)").unwrap()
}

/// A component with an import that this host does not have.
pub(crate) fn unknown_import() -> Vec<u8> {
    wat::parse_str("(component (import \"acme:store/kv@1.0.0\" (instance)))").unwrap()
}

/// A handler that imports what this host does not have: two interfaces of a package, and a function. It runs `code`,
/// which may call them, and answers 200.
pub(crate) fn with_missing_imports(code: &str) -> Vec<u8> {
    let package = "package acme:store@1.0.0; interface kv { count: func() -> u32; } interface batch { run: func(); }";
    let imports = "import acme:store/kv@1.0.0; import acme:store/batch@1.0.0; import beat: func();";
    CoreHandler { packages: &[package], imports, code, ..CoreHandler::default() }.component()
}

/// A component that stands in front of a handler.
pub(crate) fn middleware() -> Vec<u8> {
    let imports = "import wasi:http/incoming-handler@0.2.12;";
    CoreHandler { imports, ..CoreHandler::default() }.component()
}

/// The first half of a component.
pub(crate) fn truncated() -> &'static [u8] {
    &MIRROR[..MIRROR.len() / 2]
}
