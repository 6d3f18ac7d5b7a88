//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::measure::Plan;

/// Measures custom runtimes side by side; scripts/bench builds what it measures and runs it
#[derive(Debug, Parser)]
#[command(name = "funcserver-bench")]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the folders that must be filled, each with the script that fills it
    Builds(Builds),
    /// Measure cold starts and warm invocations
    Measure(Measure),
    /// Measure requests a second of two servers
    Load(Load),
    /// Measure our loop over the Runtime API beside lambda_runtime's
    Runtimes(Runtimes),
    /// Be a function on lambda_runtime that panics: `runtimes` starts it
    #[command(hide = true)]
    Panicking,
    /// Count the instructions of the Rust example by callgrind
    Instructions(Instructions),
    /// Have a bootstrap that counts what it does answer all kinds of events
    Train(Train),
}

/// The selected contenders.
#[derive(Debug, clap::Args)]
pub(crate) struct Only {
    /// These contenders only
    #[arg(long = "only", value_name = "NAME", num_args = 1..)]
    pub(crate) names: Vec<String>,
}

/// `builds`.
#[derive(Debug, clap::Args)]
pub(crate) struct Builds {
    /// The selected contenders.
    #[command(flatten)]
    pub(crate) only: Only,
}

/// `measure`.
#[derive(Debug, clap::Args)]
pub(crate) struct Measure {
    /// Where the contenders' folders are
    #[arg(long, value_name = "DIR")]
    pub(crate) stage: PathBuf,
    /// Where to write the results
    #[arg(long, value_name = "DIR")]
    pub(crate) results: PathBuf,
    /// The selected contenders.
    #[command(flatten)]
    pub(crate) only: Only,
    /// Measure little, to see that it works; the figures mean little
    #[arg(long)]
    quick: bool,
    /// Repeat the order of an earlier run
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

impl Measure {
    /// The number of measurements.
    pub(crate) fn plan(&self) -> Plan {
        if self.quick { Plan::QUICK } else { Plan::FULL }
    }
}

/// `load`.
#[derive(Debug, clap::Args)]
pub(crate) struct Load {
    /// The client, which is oha
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) oha: PathBuf,
    /// The funcserver tool
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) funcserver: PathBuf,
    /// The wasmtime command line
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) wasmtime: PathBuf,
    /// The component that both serve
    #[arg(long, value_name = "FILE")]
    pub(crate) component: PathBuf,
    /// Where to write load.json and load.md
    #[arg(long, value_name = "DIR")]
    pub(crate) results: PathBuf,
    /// Measure little, to see that it works; the figures mean little
    #[arg(long)]
    pub(crate) quick: bool,
}

/// `runtimes`.
#[derive(Debug, clap::Args)]
pub(crate) struct Runtimes {
    /// The bootstrap
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) bootstrap: PathBuf,
    /// examples/on_lambda_runtime, built by the same profile
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) example: PathBuf,
    /// What that profile is called
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: String,
    /// Where the compiled example in Rust is, as handler.cwasm
    #[arg(long, value_name = "DIR")]
    pub(crate) task_root: PathBuf,
    /// Where to write runtimes.json and runtimes.md
    #[arg(long, value_name = "DIR")]
    pub(crate) results: PathBuf,
    /// Few events, to see that it works; the figures mean little
    #[arg(long)]
    pub(crate) quick: bool,
}

/// `instructions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Instructions {
    /// Where the folder funcserver-rust is
    #[arg(long, value_name = "DIR")]
    pub(crate) stage: PathBuf,
    /// Valgrind, which callgrind is part of
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) valgrind: PathBuf,
    /// The counts that are kept
    #[arg(long, value_name = "FILE")]
    pub(crate) counts: PathBuf,
    /// Keep the counts of this run
    #[arg(long)]
    pub(crate) update: bool,
}

/// `train`.
#[derive(Debug, clap::Args)]
pub(crate) struct Train {
    /// A program that runs the bootstrap, where it is for another processor
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) emulator: Option<PathBuf>,
    /// What zips were unpacked to
    #[arg(value_name = "DIR", required = true)]
    pub(crate) folders: Vec<PathBuf>,
}
