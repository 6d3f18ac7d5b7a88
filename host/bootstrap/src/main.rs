#![deny(unsafe_code)]
//! The executable `bootstrap` of a Lambda function's zip. It takes events from Lambda's Runtime API, answers them with
//! the function library, and sends the answers back.

mod connection;
mod extension;
mod post_body;
mod runtime;
mod runtime_api;
mod start;
mod timer;
mod watchdog;

use std::process::ExitCode;

use dlmalloc::GlobalDlmalloc;
use funcserver_function::config::Variables;
use funcserver_function::{MARKER, version};

/// musl's allocator returns large blocks to the kernel, so every instance would page-fault its host state in again.
#[global_allocator]
static HEAP: GlobalDlmalloc = GlobalDlmalloc;

fn main() -> ExitCode {
    // This reference keeps the marker in the executable, where `funcserver bundle` reads it.
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
