//! `funcserver completions` and `funcserver man`.

use std::fs;
use std::process::Command;

use crate::tool::Tool;

const SUBCOMMANDS: [&str; 11] =
    ["new", "serve", "build", "bundle", "event", "invoke", "inspect", "schema", "completions", "man", "help"];

#[test]
fn every_shell_gets_completions_for_every_subcommand() {
    let tool = Tool::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = tool.run(&format!("completions {shell}")).succeeded().stdout;
        for subcommand in SUBCOMMANDS {
            assert!(script.contains(subcommand), "{shell}: {subcommand}");
        }
        assert!(script.contains("multi-value-headers"), "{shell}");
    }
    assert_eq!(tool.run("completions cmd").code, 2);
}

#[test]
fn bash_completes_a_subcommand() {
    let tool = Tool::new();
    tool.write("completions.bash", tool.run("completions bash").succeeded().stdout);
    let mut command = Command::new("bash");
    let script = "source completions.bash && COMP_WORDS=(funcserver inv) COMP_CWORD=1 && \
                  _funcserver funcserver inv funcserver && echo ${COMPREPLY[@]}";
    command.args(["--norc", "-c", script]).current_dir(tool.path("")).env_clear();
    assert_eq!(tool.finish(command, b"").succeeded().stdout, "invoke\n");
}

#[test]
fn each_subcommand_has_a_man_page_with_its_options_and_examples() {
    let tool = Tool::new();
    tool.run("man share/man1").succeeded();
    let page = |name: &str| fs::read_to_string(tool.path("share/man1").join(name)).unwrap();
    let whole = page("funcserver.1");
    for subcommand in SUBCOMMANDS.iter().filter(|subcommand| **subcommand != "help") {
        assert!(whole.contains(&format!("funcserver\\-{subcommand}(1)")), "{subcommand}: {whole}");
        let page = page(&format!("funcserver-{subcommand}.1"));
        assert!(page.contains("SYNOPSIS") && page.contains("Examples:"), "{page}");
    }
    assert!(page("funcserver-serve.1").contains("\\-\\-record"));
    // The output is reproducible.
    let first = fs::read(tool.path("share/man1/funcserver-invoke.1")).unwrap();
    tool.run("man share/man1").succeeded();
    assert_eq!(fs::read(tool.path("share/man1/funcserver-invoke.1")).unwrap(), first);

    tool.write("file", "");
    tool.run("man file").failed(&["cannot make the folder file"]);
}
