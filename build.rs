#![forbid(unsafe_code)]
//! Compiles the example handler that the tool carries as its default component, and tells the tool what it is built for.

use std::env;
use std::path::Path;
use std::process::ExitCode;

use funcserver_guest_build::{Guest, hand_over};

fn main() -> ExitCode {
    if let Ok(target) = env::var("TARGET") {
        println!("cargo::rustc-env=FUNCSERVER_TARGET={target}");
    }
    let example = Guest { folder: Path::new("guest-example/rust"), name: "example-rust", features: &[] };
    hand_over(&[("FUNCSERVER_EXAMPLE_COMPONENT", example)])
}
