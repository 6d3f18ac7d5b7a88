//! `funcserver man`: the help as man pages.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;

use crate::args::{self, Cli};
use crate::output;

pub(crate) fn run(args: &args::Man) -> Result<ExitCode> {
    let folder = &args.folder;
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    clap_mangen::generate_to(Cli::command(), folder)
        .with_context(|| format!("cannot write to {}", folder.display()))?;
    output::note(format_args!("funcserver.1 and a page for each subcommand are in {}", folder.display()));
    Ok(ExitCode::SUCCESS)
}
