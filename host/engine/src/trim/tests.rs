use wasmparser::{KnownCustom, Name, Parser, Payload, Validator, WasmFeatures};

use super::trim;

/// The parts of a trimmed core module: its imports and exports, the number of its functions, and their names.
#[derive(Debug, Default, PartialEq, Eq)]
struct Trimmed {
    imports: Vec<String>,
    exports: Vec<String>,
    functions: u32,
    names: Vec<(u32, String)>,
    /// Its data segments.
    data: Vec<String>,
}

/// The core modules of the trimmed component, in order. Checks that the component is valid, and that trimming it again
/// changes nothing.
fn trimmed(component: &str) -> Vec<Trimmed> {
    let trimmed = trim(&wat::parse_str(component).unwrap()).unwrap();
    Validator::new_with_features(WasmFeatures::all()).validate_all(&trimmed).unwrap();
    assert_eq!(trim(&trimmed).unwrap(), trimmed);
    let mut modules = Vec::new();
    for payload in Parser::new(0).parse_all(&trimmed) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } => modules.push(Trimmed::default()),
            Payload::ImportSection(imports) => {
                let imports = imports.into_imports().map(|import| import.unwrap().name.to_owned());
                modules.last_mut().unwrap().imports = imports.collect();
            }
            Payload::ExportSection(exports) => {
                let exports = exports.into_iter().map(|export| export.unwrap().name.to_owned());
                modules.last_mut().unwrap().exports = exports.collect();
            }
            Payload::DataSection(data) => {
                let data = data.into_iter().map(|data| String::from_utf8(data.unwrap().data.to_vec()).unwrap());
                modules.last_mut().unwrap().data = data.collect();
            }
            Payload::CodeSectionStart { count, .. } => modules.last_mut().unwrap().functions = count,
            Payload::CustomSection(section) => {
                let KnownCustom::Name(names) = section.as_known() else { continue };
                for name in names {
                    let Name::Function(functions) = name.unwrap() else { continue };
                    let functions = functions.into_iter().map(|name| name.unwrap());
                    let functions = functions.map(|naming| (naming.index, naming.name.to_owned()));
                    modules.last_mut().unwrap().names = functions.collect();
                }
            }
            _ => {}
        }
    }
    modules
}

fn exports(component: &str) -> Vec<Vec<String>> {
    trimmed(component).into_iter().map(|module| module.exports).collect()
}

#[test]
fn exports_that_no_alias_and_no_import_names_are_removed() {
    let modules = trimmed(
        r#"(component
            (core module $library
                (func $lonely (export "lonely") (call $helper))
                (func $helper)
                (func $imported (export "imported") (call $deep))
                (func $deep)
                (func $lifted (export "lifted"))
                (memory (export "memory") 1)
                (memory (export "spare") 1))
            (core module $program
                (import "library" "imported" (func $imported))
                (import "library" "memory" (memory 1))
                (func $start (call $imported))
                (start $start)
                (func (export "nobody asks")))
            (core instance $library (instantiate $library))
            (core instance $program (instantiate $program (with "library" (instance $library))))
            (func (export "run") (canon lift (core func $library "lifted"))))"#,
    );
    assert_eq!(modules.len(), 2);
    assert_eq!(modules[0].exports, ["imported", "lifted", "memory"]);
    let names = [(0, "imported"), (1, "deep"), (2, "lifted")].map(|(index, name)| (index, name.to_owned()));
    assert_eq!(modules[0].names, names);
    assert_eq!(modules[0].functions, 3);
    assert_eq!((modules[1].exports.len(), modules[1].functions), (0, 1));
}

#[test]
fn items_that_are_reached_without_a_name_are_kept() {
    let module = &trimmed(
        r#"(component
            (core module $module
                (func $left-out)
                (func $started)
                (func $in-table (call $from-table))
                (func $from-table)
                (func $in-global)
                (func $default)
                (func $tail (return_call $tailed))
                (func $tailed)
                (func $taken (drop (ref.func $by-reference)))
                (func $by-reference)
                (table 1 funcref)
                (table 1 (ref func) (ref.func $default))
                (global funcref (ref.func $in-global))
                (elem (i32.const 0) $in-table)
                (elem declare func $by-reference)
                (elem funcref (ref.func $tail) (ref.func $taken))
                (start $started))
            (core instance (instantiate $module)))"#,
    )[0];
    let names: Vec<_> = module.names.iter().map(|(_, name)| name.as_str()).collect();
    let expected =
        ["started", "in-table", "from-table", "in-global", "default", "tail", "tailed", "taken", "by-reference"];
    assert_eq!(names, expected);
}

#[test]
fn imports_of_unreachable_functions_are_removed() {
    let modules = trimmed(
        r#"(component
            (core module $first
                (global $a (export "a") (mut i32) (i32.const 1))
                (global $b (export "b") (mut i32) (i32.const 2))
                (global $base (export "base") i32 (i32.const 3))
                (func (export "f") (global.set $a (i32.const 4)))
                (func (export "g") (global.set $b (i32.const 5))))
            (core module $second
                (import "first" "f" (func $f))
                (import "first" "g" (func $g))
                (import "first" "a" (global $a (mut i32)))
                (import "first" "b" (global $b (mut i32)))
                (import "first" "base" (global $base i32))
                (memory 1)
                (data (global.get $base) "x")
                (func (export "lonely") (call $f) (global.set $a (i32.const 6)))
                (func (export "run") (call $g) (global.set $b (i32.const 7))))
            (core instance $first (instantiate $first))
            (core instance $second (instantiate $second (with "first" (instance $first))))
            (func (export "run") (canon lift (core func $second "run"))))"#,
    );
    assert_eq!(modules[1].imports, ["g", "b", "base"]);
    assert_eq!(modules[1].exports, ["run"]);
    assert_eq!(modules[0].exports, ["b", "base", "g"]);
    assert_eq!((modules[0].functions, modules[1].functions), (1, 1));
}

#[test]
fn a_module_with_two_instances_keeps_what_either_needs() {
    let modules = trimmed(
        r#"(component
            (core module $pair
                (import "other" "a" (func $a))
                (func (export "a") (call $a))
                (func (export "b")))
            (core module $base (func (export "a")))
            (core instance $base (instantiate $base))
            (core instance $one (instantiate $pair (with "other" (instance $base))))
            (core instance $two (instantiate $pair (with "other" (instance $one))))
            (func (export "run") (canon lift (core func $two "b"))))"#,
    );
    assert_eq!(modules[0].exports, ["a", "b"]);
    assert_eq!(modules[1].exports, ["a"]);
}

#[test]
fn a_module_that_others_may_instantiate_is_kept_whole() {
    let exported = exports(
        r#"(component
            (core module $module (func (export "a")) (func (export "b")))
            (export "module" (core module $module))
            (core module $after (func (export "c")))
            (core instance (instantiate $after)))"#,
    );
    assert_eq!(exported, [vec!["a".to_owned(), "b".to_owned()], vec![]]);

    let handed_to_another = exports(
        r#"(component
            (core module $module (func (export "a")))
            (component $taker (import "module" (core module $m (export "a" (func)))))
            (instance (instantiate $taker (with "module" (core module $module)))))"#,
    );
    assert_eq!(handed_to_another, [["a"]]);

    let taken_from_around = exports(
        r#"(component
            (core module $module (func (export "a")))
            (component (alias outer 1 $module (core module $m)) (core instance (instantiate $m))))"#,
    );
    assert_eq!(taken_from_around, [["a"]]);

    let for_an_imported_module = exports(
        r#"(component
            (import "module" (core module $foreign (import "library" "a" (func))))
            (core module $library (func (export "a")) (func (export "b")))
            (core instance $library (instantiate $library))
            (core instance (instantiate $foreign (with "library" (instance $library)))))"#,
    );
    assert_eq!(for_an_imported_module, [["a", "b"]]);
}

#[test]
fn nested_components_are_trimmed_too() {
    let nested = exports(
        r#"(component
            (core module $outer (func (export "a")))
            (component
                (core module $inner (func (export "b")) (func (export "c")))
                (core instance $instance (instantiate $inner))
                (func (export "run") (canon lift (core func $instance "c"))))
            (core instance (instantiate $outer)))"#,
    );
    assert_eq!(nested, [vec![], vec!["c".to_owned()]]);
}

#[test]
fn code_that_compiler_hints_refer_to_is_not_moved() {
    let with = |section: &str| {
        let module = format!(
            r#"(component
                (core module $module (@custom "{section}" "") (func $used) (func $unused) (start $used))
                (core instance (instantiate $module)))"#
        );
        trimmed(&module)[0].functions
    };
    assert_eq!(with("producers"), 1);
    assert_eq!(with(".debug_info"), 1);
    assert_eq!(with("metadata.code.branch_hint"), 2);
}

fn custom_sections(wasm: &[u8]) -> Vec<String> {
    let payloads = Parser::new(0).parse_all(wasm).map(Result::unwrap);
    let custom = payloads.filter_map(|payload| match payload {
        Payload::CustomSection(section) => Some(section.name().to_owned()),
        _ => None,
    });
    custom.collect()
}

/// Debug information is removed from modules at any depth and with any other sections.
#[test]
fn debug_information_is_removed() {
    let module = |name: &str| {
        format!(
            r#"(core module ${name} (@custom ".debug_info" "\01") (@custom ".debug_line.dwo" "\01") (@custom "sourceMappingURL" "\01a")
                (@custom "external_debug_info" "\01a") (@custom "producers" "\00") (func $run (export "run")))"#
        )
    };
    let (outer, inner) = (module("outer"), module("inner"));
    let text = format!(
        r#"(component (@custom ".debug_str" "a") {outer} (core instance (instantiate $outer))
            (component (component {inner} (core instance (instantiate $inner)))))"#
    );
    let wasm = wat::parse_str(text).unwrap();
    assert_eq!(custom_sections(&trim(&wasm).unwrap()), ["name", "name"]);
    let bare = super::without_custom_sections(&wasm).unwrap();
    Validator::new_with_features(WasmFeatures::all()).validate_all(&bare).unwrap();
    assert_eq!(custom_sections(&bare), Vec::<String>::new());
}

fn names_of(functions: &str) -> Vec<String> {
    let text = format!("(component (core module $module {functions}) (core instance (instantiate $module)))");
    trimmed(&text).remove(0).names.into_iter().map(|(_, name)| name).collect()
}

/// A name of 213 bytes that demangles to 16 million characters, because each part is a pair of the previous one.
fn expanding(depth: u32) -> String {
    let digit = |number: u32| char::from_digit(number, 36).unwrap().to_ascii_uppercase();
    let id = |number: u32| if number == 0 { "S_".to_owned() } else { format!("S{}_", digit(number - 1)) };
    let pairs: String = (1..depth).map(|number| format!("S_I{0}{0}E", id(number))).collect();
    format!("_Z1f4pairIiiE{pairs}")
}

#[test]
fn a_name_that_demangles_to_an_unreadable_length_is_unchanged() {
    let short = expanding(3);
    let long = expanding(21);
    let rust = format!("_RNvC{}", "a".repeat(4000));
    let plain = "é".repeat(1000);
    let functions: Vec<_> = [&short, &long, &rust, &plain]
        .iter()
        .map(|name| format!(r#"(func (@name "{name}") (export "{name}"))"#))
        .collect();
    let wasm = format!(
        "(component (core module (func (export \"a\"))) (core module $m {}) (core instance $m (instantiate $m)) (alias core export $m \"{short}\" (core func)) (alias core export $m \"{long}\" (core func)) (alias core export $m \"{rust}\" (core func)) (alias core export $m \"{plain}\" (core func)))",
        functions.concat()
    );
    let names: Vec<_> = trimmed(&wasm).remove(1).names.into_iter().map(|(_, name)| name).collect();
    assert!(names[0].starts_with("f(pair<int, int>"), "{}", names[0]);
    assert_eq!(names[1], long);
    assert_eq!(names[2], rust[..300]);
    assert_eq!(names[3], "é".repeat(150));
}

/// Wasmtime accepts such a component, with the names that it can read.
#[test]
fn a_damaged_name_section_does_not_prevent_demangling() {
    let long = "n".repeat(5000);
    let mut name = vec![1, 0x8c, 0x27, 1, 0, 0x88, 0x27];
    name.extend_from_slice(long.as_bytes());
    name.extend_from_slice(&[1, 0xff]);
    let bytes: String = name.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let names = names_of(&format!(r#"(func (export "f")) (elem func 0) (@custom "name" (after last) "{bytes}")"#));
    assert_eq!(names, ["n".repeat(300)]);
}

#[test]
fn names_are_demangled() {
    let module = &trimmed(
        r#"(component
            (core module $module
                (func $_ZN4core9panicking5panic17h0123456789abcdefE)
                (func $_ZNSt6vectorIiE4sizeEv)
                (func $main.main)
                (elem func 0 1 2))
            (core instance (instantiate $module)))"#,
    )[0];
    let names: Vec<_> = module.names.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["core::panicking::panic", "std::vector<int>::size()", "main.main"]);
}

#[test]
fn damaged_components_are_rejected() {
    let whole = wat::parse_str(
        r#"(component
            (core module $module (func $f (call $f)) (start $f))
            (core instance (instantiate $module)))"#,
    )
    .unwrap();
    assert!(trim(&whole).is_ok());
    // A component that is truncated within a section is damaged. No truncation causes a panic.
    let refused = (8..whole.len()).filter(|end| trim(&whole[..*end]).is_err()).count();
    assert!(refused > whole.len() / 2, "{refused} of {}", whole.len());
    for at in 8..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x55;
        let _ = trim(&flipped);
    }
}

#[test]
fn data_that_neither_fills_a_memory_nor_is_named_is_removed() {
    let data = |function: &str| {
        let module = format!(
            r#"(component (core module
                (memory 1)
                (data "first")
                (data (i32.const 8) "second")
                (data "third")
                (data (i32.const 32) "fourth")
                (start $start)
                (func $start {function})))"#
        );
        trimmed(&module).remove(0).data
    };
    assert_eq!(data(""), ["second", "fourth"]);
    let all = ["first", "second", "third", "fourth"];
    assert_eq!(data("(memory.init 2 (i32.const 0) (i32.const 0) (i32.const 5))"), all);
    assert_eq!(data("(data.drop 1)"), all);
}
