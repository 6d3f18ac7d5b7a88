//! Events and replies, in both directions.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod bad_input;
mod cases;
mod fronts;
mod judge;
mod limits;
mod properties;
