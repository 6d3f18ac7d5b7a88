//! The Go SDK under load: its test guest (`guest/`), made a component by the tool, in the engine itself, because a load
//! balancer lets neither large bodies nor streams through. `guest-sdk/go/test` compiles the guest and runs this.
//!
//! Every request has a fresh instance here, except where a test says otherwise.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails by a panic says where")]

mod answers;
mod bodies;
mod fetch;
mod guest;
mod load;
mod mishaps;
mod preinit;
mod server;
