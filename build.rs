#![forbid(unsafe_code)]
//! Compiles the example handler that the tool carries as its default component.

use std::path::Path;
use std::process::ExitCode;

use funcserver_guest_build::{Guest, hand_over};

fn main() -> ExitCode {
    let example = Guest { folder: Path::new("guest-example/rust"), name: "example-rust", features: &[] };
    hand_over(&[("FUNCSERVER_EXAMPLE_COMPONENT", example)])
}
