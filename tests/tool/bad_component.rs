//! Files that are not handlers: every subcommand reports that in one line, and exits with 1.

use crate::tool::{Ended, Tool};
use crate::wasm;

/// Runs every subcommand that takes a component on `file`, and checks that each fails with these texts.
fn refused(tool: &Tool, file: &str, parts: &[&str]) {
    for line in [format!("build {file}"), format!("serve {file} --listen 0"), format!("invoke {file} event.json")] {
        tool.run(&line).failed(parts);
    }
    bundle(tool, file).failed(parts);
}

fn bundle(tool: &Tool, file: &str) -> Ended {
    tool.run(&format!("bundle {file} --arch x86_64 --bootstrap bootstrap"))
}

fn user() -> Tool {
    let tool = Tool::new();
    tool.write("event.json", r#"{"httpMethod": "GET", "path": "/", "headers": {}}"#);
    tool.write("bootstrap", crate::elf::small_bootstrap(crate::elf::X86_64, &funcserver_function::MARKER));
    tool
}

#[test]
fn no_such_component() {
    let tool = user();
    refused(&tool, "router.wasm", &["no such component: router.wasm", "check the path"]);
    tool.run("inspect router.wasm").failed(&["no such component: router.wasm"]);
}

#[test]
fn a_folder() {
    let tool = user();
    std::fs::create_dir(tool.path("target")).unwrap();
    let parts = ["target is a folder", "name the component in it"];
    tool.run("build target").failed(&parts);
    tool.run("serve target --listen 0").failed(&parts);
    bundle(&tool, "target").failed(&parts);
    // For `invoke`, a folder is one of recorded events.
    tool.run("invoke target event.json").failed(&["no recorded event in target", "serve --record"]);
}

#[test]
fn not_a_component() {
    let tool = user();
    let cases: [(&str, Vec<u8>, &[&str]); 6] = [
        ("core.wasm", wasm::core_module(), &["core WebAssembly module", "wasm-tools component embed"]),
        ("text.wasm", b"(component)".to_vec(), &["it is text", ".wasm"]),
        ("empty.wasm", Vec::new(), &["it is empty", ".wasm"]),
        ("bytes.wasm", vec![1; 100], &["neither a WebAssembly file nor a compiled component", ".wasm"]),
        ("program.wasm", tool.read("bootstrap"), &["an executable or library", ".wasm"]),
        ("half.wasm", wasm::truncated().to_vec(), &["damaged"]),
    ];
    for (name, bytes, parts) in cases {
        tool.write(name, bytes);
        let parts = [&[name], parts].concat();
        refused(&tool, name, &parts);
        tool.run(&format!("inspect {name}")).failed(&parts);
    }
}

#[test]
fn no_handler() {
    let tool = user();
    tool.write("library.wasm", wasm::no_handler());
    let parts =
        ["library.wasm", "exports nothing", "wasi:http/incoming-handler@0.2", "funcserver inspect library.wasm"];
    refused(&tool, "library.wasm", &parts);
    let inspected = tool.run("inspect library.wasm");
    assert_eq!(inspected.code, 1);
    assert!(
        inspected.stderr.contains("error: library.wasm will not run here: it exports nothing"),
        "{}",
        inspected.stderr
    );
}

#[test]
fn an_unknown_import() {
    let tool = user();
    tool.write("import.wasm", wasm::unknown_import());
    refused(&tool, "import.wasm", &["import.wasm", "acme:store/kv@1.0.0"]);
}

#[test]
fn an_initialisation_that_fails() {
    let tool = user();
    tool.write("fails.wasm", wasm::initialised("(unreachable)"));
    let way_out = "to initialise it in each instance instead, set component.import = \"start\"";
    refused(&tool, "fails.wasm", &["fails.wasm: its initialisation failed", "unreachable", way_out]);
    // `inspect` describes it without initialising it.
    tool.run("inspect fails.wasm").succeeded();

    // With files it is initialised in each instance: it can be compiled, but would fail at run time.
    tool.write("funcserver.toml", "[guest]\ntmp = true\n");
    let built = tool.run("build fails.wasm").succeeded();
    assert!(
        built.stderr.contains("fails.wasm is initialised in each instance: guest.assets or guest.tmp"),
        "{}",
        built.stderr
    );

    tool.write("funcserver.toml", "");
    tool.write("works.wasm", wasm::initialised("(i32.store (i32.const 0) (i32.const 1))"));
    assert!(tool.run("build works.wasm").succeeded().stderr.contains("initialising works.wasm"));
}

/// Nested components. They are built from the inside, because each contains the length of the inner one.
fn nested(depth: usize) -> Vec<u8> {
    const HEAD: &[u8] = b"\0asm\x0d\0\x01\0";
    let mut reversed: Vec<u8> = HEAD.iter().rev().copied().collect();
    for _ in 1..depth {
        let group = |shift: usize| u8::try_from(reversed.len() >> shift & 0x7f).unwrap();
        let length = [group(21), group(14) | 0x80, group(7) | 0x80, group(0) | 0x80];
        reversed.extend(length);
        reversed.push(4);
        reversed.extend(HEAD.iter().rev());
    }
    reversed.into_iter().rev().collect()
}

#[test]
fn components_deep_in_each_other_are_an_error() {
    let tool = Tool::new();
    tool.write("event.json", "{}");
    // Types that refer to the previous type.
    let next = |index: usize| {
        let inner = format!("(alias outer 1 $t{} (type $x)) (export \"a\" (instance (type $x)))", index - 1);
        format!("(type $t{index} (instance {inner}))")
    };
    let chain: String = (1..20_000).map(next).collect();
    let chain = wat::parse_str(format!("(component (type $t0 (instance)) {chain})")).unwrap();
    for wasm in [nested(20_000), chain] {
        tool.write("deep.wasm", wasm);
        for line in ["build deep.wasm", "inspect deep.wasm", "invoke deep.wasm event.json"] {
            tool.run(line).failed(&["deep.wasm", "more than 100 deep"]);
        }
    }
}
