#![deny(unsafe_code)]
//! `funcserver`: builds, inspects, serves, invokes and bundles `wasi:http` components for AWS Lambda behind an Application
//! Load Balancer.
//!
//! `main` gathers the world (arguments, environment) and hands it to a command; each has a file of its own in
//! `command/`.

mod args;
mod assets;
mod bootstrap_file;
mod build_command;
mod cache;
mod command;
mod compiled;
mod component;
mod componentize;
mod diff;
mod event_file;
mod hash;
mod input;
mod local;
mod native;
mod output;
mod output_file;
mod private_folder;
mod progress;
mod project;
mod recording;
mod size;
mod source_lines;
mod text;
mod zip;

use std::io;
use std::panic;
use std::process::ExitCode;
use std::thread;

use clap::Parser as _;
use funcserver_engine::nesting::VALIDATOR;
use funcserver_function::config::{ConfigErrors, Variables};

use args::Cli;

fn main() -> ExitCode {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        // What that one panics of becomes an error.
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

/// As with any filter, it is no error if who reads our stdout has read enough.
fn reader_is_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Writes an error to stderr; each of several mistakes in the settings is a line of its own.
fn report(error: &anyhow::Error) {
    match error.downcast_ref::<ConfigErrors>() {
        Some(errors) => errors.iter().for_each(|error| output::note(format_args!("error: {error}"))),
        // A line of what a component is called must not look like one of ours.
        None => output::note(format!("error: {error:#}").replace('\n', "\n  ")),
    }
}
