//! One answer for each event, and the pages that document the host.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod batches;
mod common;
mod docs;
mod invoke;
mod observing;
mod security;
mod streams;
