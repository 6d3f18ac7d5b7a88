//! The bootstrap as Lambda starts it.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod common;
mod lambda;
mod restores;
mod runtime_api;
mod secrets;
mod stream;
mod watchdog;
