#![forbid(unsafe_code)]
//! Sends good requests and attacks to a bootstrap, with misbehaving peers and a misbehaving Runtime API. It checks
//! every answer and its time, and the resources that the process holds at the end. `scripts/chaos` builds and runs it,
//! and lists what it checks.
//!
//! Modules: `stages` has the ways to run, `kinds` the table of events, `api` the Runtime API, `peers` the servers that
//! handlers call, `judge` the expected answers, and `measure` the resources of a process.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A tool for developers: its panics are its messages.

mod api;
mod at_work;
mod case;
mod event;
mod judge;
mod kinds;
mod ledger;
mod measure;
mod options;
mod peers;
mod process;
mod queue;
mod random;
mod report;
mod run;
mod stages;

use std::process::ExitCode;
use std::time::Instant;

use options::Options;
use peers::Peers;
use report::Report;

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("chaos: {problem}");
            return ExitCode::from(2);
        }
    };
    let started = Instant::now();
    let peers = Peers::start(options.namespace);
    println!("seed {}, {} events", options.seed, options.count);
    if !peers.has_names() {
        println!("without a namespace of its own: the attacks by name servers are left out");
    }
    let mut report = Report::default();
    for stage in stages::all() {
        if stage.is_wanted(&options) {
            eprintln!("==> {stage}, after {} s", started.elapsed().as_secs());
            stage.run(&options, &peers, &mut report);
        }
    }
    report.check_peers(&peers);
    report.print();
    println!("{} s", started.elapsed().as_secs());
    if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
