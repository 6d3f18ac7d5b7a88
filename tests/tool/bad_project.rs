//! A `funcserver.toml` or a variable with a mistake.

use crate::tool::Tool;

const LINES: [&str; 5] =
    ["build", "serve --listen 0", "invoke event.json", "inspect", "bundle --arch x86_64 --bootstrap bootstrap"];

#[test]
fn an_unknown_key_or_a_bad_value_is_named_with_its_line() {
    for (text, parts) in [
        ("[limits]\nmemmory = 1\n", ["funcserver.toml:2", "limits.memory"]),
        ("[gateway]\n", ["funcserver.toml:1", "unknown section gateway"]),
        ("\n\n[limits]\nmemory = \"lots\"\n", ["funcserver.toml:4", "limits.memory"]),
        ("[limits\n", ["funcserver.toml:1", "not valid TOML"]),
    ] {
        let tool = Tool::new();
        tool.write("funcserver.toml", text);
        tool.write("event.json", "{}");
        for line in LINES {
            tool.run(line).failed(&parts);
        }
    }
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let tool = Tool::new();
    tool.write("funcserver.toml", "[limits]\nmemory = 0\nthyme = 1\n");
    let ended = tool.run_with("inspect", "FUNCSERVER_ALB_TRUSTED_HOPS", "many");
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""));
    let errors: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(errors.len(), 3, "{errors:?}");
    for (error, place) in errors.iter().zip(["funcserver.toml:2", "funcserver.toml:3", "FUNCSERVER_ALB_TRUSTED_HOPS"]) {
        assert!(error.starts_with(&format!("error: {place}: ")), "{error}");
    }
}

#[test]
fn an_unknown_variable_is_named() {
    Tool::new().run_with("inspect", "FUNCSERVER_LIMITS_MEMMORY", "1GiB").failed(&["FUNCSERVER_LIMITS_MEMMORY"]);
}

#[test]
fn a_build_command_that_fails_or_makes_something_else_is_named() {
    let tool = Tool::new();
    let project = |command| format!("[component]\npath = \"target/router.wasm\"\nbuild = \"{command}\"\n");
    tool.write("funcserver.toml", project("exit 7"));
    tool.run("build").failed(&["the build command failed", "exit 7"]);
    tool.write("funcserver.toml", project("true"));
    tool.run("build").failed(&["target/router.wasm", "true"]);
}

#[test]
fn a_file_that_is_not_text_is_named() {
    let tool = Tool::new();
    tool.write("funcserver.toml", [0xff, 0xfe]);
    tool.run("inspect").failed(&["funcserver.toml"]);
}
