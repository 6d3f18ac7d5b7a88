//! The commands, one file each. What several of them use is beside this folder.

mod build;
mod bundle;
mod completions;
mod event;
mod inspect;
mod invoke;
mod man;
mod new;
mod schema;
mod serve;

use std::process::ExitCode;

use anyhow::Result;
use funcserver_function::config::Variables;

use crate::args::Command;
pub(crate) use new::{Name, Template};

/// Runs a command with its arguments and, where it uses any of it, the environment.
pub(crate) fn run(command: Command, env: &Variables) -> Result<ExitCode> {
    match command {
        Command::New(args) => new::run(&args),
        Command::Serve(args) => serve::run(&args, env),
        Command::Build(args) => build::run(&args, env),
        Command::Bundle(args) => bundle::run(&args, env),
        Command::Event(args) => event::run(&args),
        Command::Invoke(args) => invoke::run(&args, env),
        Command::Inspect(args) => inspect::run(&args, env),
        Command::Schema => schema::run(),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}
