//! All tests of the engine. They are one program, because each program with wasmtime takes long to link.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod answers;
mod common;
mod faults;
mod gauge;
mod grants;
mod held;
mod imports;
mod loading;
mod network;
mod open_answers;
mod open_bodies;
mod p3;
mod ready;
mod reuse;
mod runtime;
mod shared;
mod slots;
