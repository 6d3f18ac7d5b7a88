//! The bootstrap as Lambda starts it, the library below it, and the pages that say what they do.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod common;
mod docs;
mod invoke;
mod lambda;
mod runtime_api;
mod security;
mod watchdog;
