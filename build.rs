#![forbid(unsafe_code)]
//! Compiles the example handler that the tool carries as its default component, and embeds the examples of all languages
//! as templates, the packages that make components of apps, and the bootstraps of a release.

#[path = "cli/bootstrap_file/embed.rs"]
mod bootstraps;
#[path = "cli/app/embed.rs"]
mod sdk;
#[path = "cli/command/new/embed.rs"]
mod templates;

use std::env;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use funcserver_guest_build::{GuestCrate, hand_over};

fn main() -> ExitCode {
    for file in ["cli/bootstrap_file/embed.rs", "cli/command/new/embed.rs", "cli/app/embed.rs"] {
        println!("cargo::rerun-if-changed={file}");
    }
    if let Err(error) = embed() {
        println!("cargo::error=cannot embed guest-example/, guest-sdk/ and the bootstraps: {error}");
        return ExitCode::SUCCESS;
    }
    let example =
        GuestCrate { folder: Path::new("guest-example/rust"), name: "example-rust", features: &[], shared: &[] };
    hand_over(&[("FUNCSERVER_EXAMPLE_COMPONENT", example)])
}

fn embed() -> io::Result<()> {
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo names no OUT_DIR"))?;
    let out = Path::new(&out);
    bootstraps::embed(env::var_os(bootstraps::FOLDER), &out.join("bootstraps.rs"))?;
    templates::embed(Path::new("guest-example"), &out.join("templates.rs"))?;
    sdk::embed(Path::new("guest-sdk/python/src"), &[], &out.join("python_sdk.rs"))?;
    // What npm installs, and what only the package's own tests need.
    let left_out = &["node_modules", "test"];
    sdk::embed(Path::new("guest-sdk/javascript"), left_out, &out.join("javascript_sdk.rs"))
}
