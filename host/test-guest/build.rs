#![forbid(unsafe_code)]
//! Compiles `guest/` in three forms: one that any host can run, one with the imports that only this project's host has,
//! and one with an import that only a test build of it has. Compiles also `guest-p3/`, which uses `wasi:http` 0.3.

use std::path::Path;
use std::process::ExitCode;

use funcserver_guest_build::{GuestCrate, hand_over};

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=../../wit");
    let guest = GuestCrate { folder: Path::new("guest"), name: "test-guest", features: &[] };
    hand_over(&[
        ("FUNCSERVER_TEST_GUEST", guest),
        ("FUNCSERVER_TEST_GUEST_HOST_IMPORTS", GuestCrate { features: &["host-imports"], ..guest }),
        ("FUNCSERVER_TEST_GUEST_BLOCK", GuestCrate { features: &["block"], ..guest }),
        (
            "FUNCSERVER_TEST_GUEST_P3",
            GuestCrate { folder: Path::new("guest-p3"), name: "test-guest-p3", features: &[] },
        ),
    ])
}
