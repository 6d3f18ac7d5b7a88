#![forbid(unsafe_code)]
//! Compiles `guest/` as any host can run it, with the imports that only this project's host offers, and with one that only a
//! test build of it offers; and
//! `guest-p3/`, which speaks `wasi:http` 0.3.

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
