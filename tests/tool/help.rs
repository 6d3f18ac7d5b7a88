//! The tool's help and version.

use crate::tool::Tool;

const SUBCOMMANDS: [&str; 17] = [
    "new",
    "init",
    "serve",
    "build",
    "bundle",
    "verify",
    "deploy",
    "logs",
    "rollback",
    "delete",
    "event",
    "invoke",
    "inspect",
    "doctor",
    "schema",
    "completions",
    "man",
];

#[test]
fn every_subcommand_has_help_with_examples() {
    let tool = Tool::new();
    for subcommand in SUBCOMMANDS {
        let help = tool.run(&format!("{subcommand} --help")).succeeded().stdout;
        assert!(help.contains("Examples:") && help.contains(&format!("funcserver {subcommand}")), "{help}");
    }
}

#[test]
fn the_help_names_all_subcommands_and_exit_codes() {
    let help = Tool::new().run("--help").succeeded().stdout;
    for subcommand in SUBCOMMANDS {
        assert!(help.contains(&format!("\n  {subcommand} ")), "{help}");
    }
    for code in ["\n  0  ", "\n  1  ", "\n  2  ", "\n  3  ", "\n  4  "] {
        assert!(help.contains(code), "{help}");
    }
}

#[test]
fn the_version_names_wasmtime_and_the_target_too() {
    let version = Tool::new().run("--version").succeeded().stdout;
    let expected = format!("funcserver {}\n", funcserver_function::version());
    assert_eq!(version, expected);
    assert!(version.contains(&format!("wasmtime {}", funcserver_engine::WASMTIME_VERSION)), "{version}");
}

#[test]
#[cfg(not(feature = "deploy"))]
fn without_the_sdk_of_aws_the_tool_says_how_to_get_it() {
    for command in ["deploy --url", "logs --follow", "rollback", "delete --yes"] {
        let ended = Tool::new().run(command);
        assert_eq!(ended.code, 1, "{command}");
        assert!(ended.stderr.contains("cargo build --locked -p funcserver --features deploy"), "{}", ended.stderr);
    }
}

#[test]
fn wrong_usage_is_exit_2() {
    let tool = Tool::new();
    for line in [
        "",
        "walk",
        "serve --no-such-option",
        "serve --listen somewhere",
        "serve --timeout 901",
        "build --arch mips",
        "invoke",
        "build one.wasm two.wasm",
    ] {
        let ended = tool.run(line);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{line}: {}", ended.stderr);
        assert!(
            ended.stderr.contains("Usage: funcserver") || ended.stderr.contains("try '--help'"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn the_error_for_an_unknown_architecture_lists_them() {
    let error = Tool::new().run("build --arch mips").stderr;
    assert!(error.contains("x86_64 and arm64"), "{error}");
}
