#![forbid(unsafe_code)]
//! The executable `bootstrap` of a Lambda function's zip.

use std::process::ExitCode;

use dlmalloc::GlobalDlmalloc;
use funcserver_bootstrap::config::Variables;
use funcserver_bootstrap::{MARKER, start, version};

/// The C library's would map and unmap what every instance takes, and its pages would be cleared anew each time.
#[global_allocator]
static HEAP: GlobalDlmalloc = GlobalDlmalloc;

fn main() -> ExitCode {
    // Kept in the executable by being referred to: `funcserver bundle` reads it there.
    std::hint::black_box(&MARKER);
    match std::env::args().nth(1).as_deref() {
        Some("--version" | "-V") => {
            println!("bootstrap {}", version());
            ExitCode::SUCCESS
        }
        Some("--help" | "-h") => {
            println!(
                "The AWS Lambda custom runtime of funcserver {}.\n\n\
                 Lambda starts it from a function's zip, which `funcserver bundle` makes; it takes no arguments.\n\
                 To run a component on this machine: funcserver serve COMPONENT",
                version()
            );
            ExitCode::SUCCESS
        }
        _ => start::run(&Variables::of_process()),
    }
}
