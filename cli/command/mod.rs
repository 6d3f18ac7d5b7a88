//! The commands, one file each. Modules that several commands use are beside this folder.

mod build;
mod bundle;
mod doctor;
mod event;
mod event_samples;
mod generate;
mod init;
mod inspect;
mod invoke;
mod new;
mod serve;
mod verify;

use std::process::ExitCode;

use anyhow::Result;
use funcserver_function::config::Variables;

use crate::args::Command;
pub(crate) use new::{Name, Template};

/// Runs a command with its arguments and, if it uses it, the environment.
pub(crate) fn run(command: Command, env: &Variables) -> Result<ExitCode> {
    match command {
        Command::New(args) => new::run(&args),
        Command::Init(args) => init::run(&args, env),
        Command::Serve(args) => serve::run(&args, env),
        Command::Build(args) => build::run(&args, env),
        Command::Bundle(args) => bundle::run(&args, env),
        Command::Verify(args) => verify::run(&args, env),
        Command::Event(args) => event::run(&args),
        Command::Invoke(args) => invoke::run(&args, env),
        Command::Inspect(args) => inspect::run(&args, env),
        Command::Doctor(args) => doctor::run(&args, env),
        Command::Schema => generate::schema(),
        Command::Completions(args) => generate::completions(&args),
        Command::Man(args) => generate::man(&args),
    }
}
