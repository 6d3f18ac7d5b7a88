#![deny(unsafe_code)]
//! `funcserver`: builds, inspects, serves, invokes and bundles `wasi:http` components for AWS Lambda behind an
//! Application Load Balancer.
//!
//! `main` reads the arguments and the environment, and runs a command. Each command has a file in `command/`.

mod app;
mod archive;
mod args;
mod assets;
mod bootstrap_file;
mod build_command;
mod builder;
mod cache;
mod command;
mod compiled;
mod component;
mod componentize;
mod diff;
mod dotenv;
mod encoding;
mod event_file;
mod frozen;
mod function;
mod function_file;
mod git_ignored;
mod go;
mod image;
mod input;
mod javascript;
mod load_check;
mod local;
mod local_secrets;
mod native;
mod output;
mod output_file;
mod private_folder;
mod progress;
mod project;
mod python;
mod recording;
mod root_certificates;
mod size;
mod source_lines;
mod sources;
mod subprocess;
mod user_cache;
mod zip;

use std::io;
use std::panic;
use std::process::ExitCode;
use std::thread;

use clap::Parser as _;
use funcserver_engine::nesting::VALIDATOR;
use funcserver_function::config::{ConfigErrors, Variables};

use args::Cli;

/// The parallel compiler allocates on every thread at once, and musl's heap has one lock for all of them.
#[cfg(target_env = "musl")]
#[global_allocator]
static HEAP: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        // A panic of the validator is reported as an error.
        if thread::current().name() != Some(VALIDATOR) {
            default(panic);
        }
    }));
    let cli = Cli::parse();
    match command::run(cli.command, &Variables::of_process()) {
        Ok(code) => code,
        Err(error) if reader_is_gone(&error) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

/// As with any filter, it is not an error if the reader of stdout closes it early.
fn reader_is_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Writes an error to stderr. Each mistake in the settings is a separate line.
fn report(error: &anyhow::Error) {
    match error.downcast_ref::<ConfigErrors>() {
        Some(errors) => errors.iter().for_each(|error| output::note(format_args!("error: {error}"))),
        // A line break in the name of a component must not start a line that looks like one of ours.
        None => output::note(format!("error: {error:#}").replace('\n', "\n  ")),
    }
}
