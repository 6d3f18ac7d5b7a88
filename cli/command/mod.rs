//! The commands, one file each. Modules that several commands use are beside this folder.

mod build;
mod bundle;
#[cfg(feature = "deploy")]
mod cloud;
#[cfg(feature = "deploy")]
mod delete;
#[cfg(feature = "deploy")]
mod deploy;
mod doctor;
mod event;
mod event_samples;
mod generate;
mod init;
mod inspect;
mod invoke;
#[cfg(feature = "deploy")]
mod logs;
mod new;
#[cfg(feature = "deploy")]
mod rollback;
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
        #[cfg(feature = "deploy")]
        Command::Deploy(args) => deploy::run(&args, env),
        #[cfg(feature = "deploy")]
        Command::Logs(args) => logs::run(&args, env),
        #[cfg(feature = "deploy")]
        Command::Rollback(args) => rollback::run(&args, env),
        #[cfg(feature = "deploy")]
        Command::Delete(args) => delete::run(&args, env),
        #[cfg(not(feature = "deploy"))]
        Command::Deploy(_) | Command::Logs(_) | Command::Rollback(_) | Command::Delete(_) => {
            anyhow::bail!(
                "this funcserver was built without AWS's SDK, which deploy, logs, rollback and delete need: released ones \
                 have it, and cargo build --locked -p funcserver --features deploy builds it in"
            )
        }
        Command::Event(args) => event::run(&args),
        Command::Invoke(args) => invoke::run(&args, env),
        Command::Inspect(args) => inspect::run(&args, env),
        Command::Doctor(args) => doctor::run(&args, env),
        Command::Schema => generate::schema(),
        Command::Completions(args) => generate::completions(&args),
        Command::Man(args) => generate::man(&args),
    }
}
