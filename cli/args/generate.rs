//! `funcserver schema`, `completions` and `man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The folder to write to; it is created if it is missing
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

pub(super) const COMPLETIONS: &str = "\
Examples:
  funcserver completions bash > ~/.local/share/bash-completion/completions/funcserver
  funcserver completions zsh > ~/.zfunc/_funcserver
  funcserver completions fish > ~/.config/fish/completions/funcserver.fish";

pub(super) const MAN: &str = "\
Writes funcserver.1 and one page for each subcommand.

Examples:
  funcserver man ~/.local/share/man/man1
  funcserver man . && man ./funcserver-serve.1";

pub(super) const SCHEMA: &str = "\
An editor that supports JSON schemas for TOML uses it to complete and check funcserver.toml, if the file's first line is
#:schema ./funcserver.schema.json

Examples:
  funcserver schema > funcserver.schema.json";
