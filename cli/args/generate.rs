//! What the tool generates of itself: completions, man pages, a schema.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell that is to complete the command line
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The folder to write to; it is made if it is missing
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
An editor that knows JSON schemas for TOML completes and checks funcserver.toml with it, if the file's first line is
#:schema ./funcserver.schema.json

Examples:
  funcserver schema > funcserver.schema.json";
