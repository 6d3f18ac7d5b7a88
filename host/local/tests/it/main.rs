//! Tests of the load balancer, the Runtime API and the execution environments through their public interfaces.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod balancer;
mod common;
mod environments;
mod runtime_api;
mod streams;
