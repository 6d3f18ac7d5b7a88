#![forbid(unsafe_code)]
//! Measures custom runtimes side by side, for `scripts/bench`.
//!
//! Each contender is a folder with the contents of Lambda's task root. It is driven by the local Runtime API of
//! `host/local`, as Lambda would drive it, and each reply is checked.

mod args;
mod contender;
mod event;
mod figures;
mod hostile_api;
mod instructions;
mod load;
mod machine;
mod measure;
mod page;
mod panicking;
mod plot;
mod results;
mod runtimes;
mod session;
mod size;
mod table;
mod target;
mod train;
mod tree;

use std::process::ExitCode;

use anyhow::Result;
use args::{Args, Command};
use clap::Parser as _;
use contender::Contender;
use results::Results;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        Command::Builds(args) => builds(&args),
        Command::Measure(args) => measure(&args).await,
        Command::Load(args) => load::run(&args).await,
        Command::Runtimes(args) => runtimes::run(&args).await,
        Command::Panicking => panicking::run().await.map(|()| ExitCode::SUCCESS),
        Command::Instructions(args) => instructions::run(&args).await,
        Command::Train(args) => train::run(&args).await,
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Prints a line for each folder that must be filled: its name, and the script that fills it with its arguments.
fn builds(args: &args::Builds) -> Result<ExitCode> {
    let mut last = String::new();
    for contender in Contender::list(&args.only.names)? {
        if contender.folder() != last {
            println!("{} {}", contender.folder(), contender.build.join(" "));
            last = contender.folder().to_owned();
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn measure(args: &args::Measure) -> Result<ExitCode> {
    let plan = args.plan();
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
    eprintln!("==> seed {seed}");
    let machine = results::machine();
    let contenders = Contender::list(&args.only.names)?;
    let entries = measure::measure(contenders, &args.stage, plan, &mut fastrand::Rng::with_seed(seed)).await;
    let results = Results::of(entries, &args.stage, seed, plan, machine);
    results.write(&args.results)?;
    println!("{}", table::of(&results));
    println!("{}", args.results.display());
    Ok(verdict(results.targets.iter().map(|target| target.pass)))
}

/// The last line of a run.
fn verdict(targets: impl Iterator<Item = bool>) -> ExitCode {
    let (passed, missed): (Vec<bool>, Vec<bool>) = targets.partition(|pass| *pass);
    println!("{} passed, {} missed", passed.len(), missed.len());
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
