//! One answer for each event, and the pages that say what the host does.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod common;
mod docs;
mod invoke;
mod observing;
mod security;
