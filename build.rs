#![forbid(unsafe_code)]
//! Compiles the example handler that the tool carries as its default component, and embeds the examples of all languages
//! as templates.

#[path = "cli/command/new/embed.rs"]
mod embed;

use std::env;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use funcserver_guest_build::{GuestCrate, hand_over};

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=cli/command/new/embed.rs");
    if let Err(error) = templates() {
        println!("cargo::error=cannot embed guest-example/ as templates: {error}");
        return ExitCode::SUCCESS;
    }
    let example = GuestCrate { folder: Path::new("guest-example/rust"), name: "example-rust", features: &[] };
    hand_over(&[("FUNCSERVER_EXAMPLE_COMPONENT", example)])
}

fn templates() -> io::Result<()> {
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo names no OUT_DIR"))?;
    embed::embed(Path::new("guest-example"), &Path::new(&out).join("templates.rs"))
}
