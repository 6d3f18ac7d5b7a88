//! Handlers of `wasi:http` 0.2 that are made of a few instructions, with any imports: what a toolchain makes of a
//! program that uses other interfaces than those of the test guest.

use std::fmt::Write as _;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmSignature, WasmType};
use wit_parser::{Function, IndexMap, Resolve, WorldItem, WorldKey};

const WIT: [&str; 7] = [
    include_str!("../../../wit/deps/io.wit"),
    include_str!("../../../wit/deps/clocks.wit"),
    include_str!("../../../wit/deps/random.wit"),
    include_str!("../../../wit/deps/filesystem.wit"),
    include_str!("../../../wit/deps/sockets.wit"),
    include_str!("../../../wit/deps/cli.wit"),
    include_str!("../../../wit/deps/http.wit"),
];

const TYPES: &str = "wasi:http/types@0.2.12";
const HANDLER: &str = "wasi:http/incoming-handler@0.2.12";

/// A handler of `wasi:http` 0.2.
#[derive(Clone, Copy, Default)]
pub struct CoreHandler<'a> {
    /// The text of each WIT package that it uses besides WASI.
    pub packages: &'a [&'a str],
    /// What it imports besides `wasi:http/types`, as lines of a world in WIT.
    pub imports: &'a str,
    /// Data segments, in WebAssembly's text format. Memory from 4,096 on is for results.
    pub data: &'a str,
    /// The instructions before it answers 200. A function of an interface is called by its names, as in
    /// `call $"acme:store/kv@1.0.0#get"`, one of the world by its own.
    pub code: &'a str,
}

impl CoreHandler<'_> {
    /// The component.
    ///
    /// # Panics
    /// A text is invalid.
    #[must_use]
    #[expect(clippy::unwrap_used)] // A text of a test is wrong.
    pub fn component(&self) -> Vec<u8> {
        let mut resolve = Resolve::default();
        let world = format!("package test:test; world w {{ import {TYPES}; {} export {HANDLER}; }}", self.imports);
        let texts = WIT.iter().chain(self.packages).copied().chain([world.as_str()]);
        let package = texts.map(|text| resolve.push_str("test.wit", text).unwrap()).last().unwrap();
        let world = resolve.select_world(&[package], Some("w")).unwrap();
        let mut module = wat::parse_str(self.module(&resolve, &resolve.worlds[world].imports)).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
    }

    fn module(&self, resolve: &Resolve, imports: &IndexMap<WorldKey, WorldItem>) -> String {
        let mut text = "(module\n".to_owned();
        for (interface, function) in functions(resolve, imports) {
            let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
            let (module, id) = match &interface {
                Some(interface) => (interface.as_str(), format!("{interface}#{}", function.name)),
                None => ("$root", function.name.clone()),
            };
            let _ = writeln!(
                text,
                "(import \"{module}\" \"{}\" (func $\"{id}\" {}))",
                function.name,
                signature_text(&signature)
            );
        }
        let set = functions(resolve, imports).find(|(_, function)| function.name == "[static]response-outparam.set");
        let set = set.map(|(_, function)| resolve.wasm_signature(AbiVariant::GuestImport, function));
        // The outparam, and the good case with the response; the rest is for the other case.
        let rest: String = set.iter().flat_map(|set| set.params.iter().skip(3)).map(|ty| zero(*ty)).collect();
        text + &format!(
            r#"(memory (export "memory") 1)
            {}
            (global $next (mut i32) (i32.const 4096))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.get $next)
                (global.set $next
                    (i32.and (i32.add (i32.add (global.get $next) (local.get 3)) (i32.const 15)) (i32.const -8))))
            (func (export "{HANDLER}#handle") (param i32 i32)
                {}
                (call $"{TYPES}#[static]response-outparam.set" (local.get 1) (i32.const 0)
                    (call $"{TYPES}#[constructor]outgoing-response" (call $"{TYPES}#[constructor]fields"))
                    {rest})))"#,
            self.data, self.code
        )
    }
}

/// The functions of a world's interfaces, and its own.
fn functions<'a>(
    resolve: &'a Resolve,
    imports: &'a IndexMap<WorldKey, WorldItem>,
) -> impl Iterator<Item = (Option<String>, &'a Function)> {
    imports.iter().flat_map(|(key, item)| match item {
        WorldItem::Interface { id, .. } => {
            let name = Some(resolve.name_world_key(key));
            let all = resolve.interfaces[*id].functions.values();
            all.map(|function| (name.clone(), function)).collect::<Vec<_>>()
        }
        WorldItem::Function(function) => vec![(None, function)],
        WorldItem::Type { .. } => Vec::new(),
    })
}

/// A signature in WebAssembly's text format.
#[must_use]
pub fn signature_text(signature: &WasmSignature) -> String {
    let list = |types: &[WasmType]| types.iter().map(|ty| format!(" {}", core(*ty))).collect::<String>();
    format!("(param{}) (result{})", list(&signature.params), list(&signature.results))
}

fn zero(ty: WasmType) -> String {
    format!("({}.const 0) ", core(ty))
}

fn core(ty: WasmType) -> &'static str {
    match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}
