//! `funcserver completions`: what a shell needs to complete our command line.

use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory as _;

use crate::args::{self, Cli};
use crate::output;

pub(crate) fn run(args: &args::Completions) -> Result<ExitCode> {
    // Into memory, as the generator panics where nobody reads on.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "funcserver", &mut script);
    output::bytes(&script)?;
    Ok(ExitCode::SUCCESS)
}
