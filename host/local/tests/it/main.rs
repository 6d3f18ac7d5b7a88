//! Load balancer, Runtime API and execution environments, each from outside.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod balancer;
mod common;
mod environments;
mod runtime_api;
