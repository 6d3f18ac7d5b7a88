#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic))]
//! Lambda's HTTP events to and from the types of the `http` crate.
//!
//! Pure: no I/O, no `async`, no `unsafe`. No input makes a function of this crate panic, and what it allocates is bounded
//! by its input (the fuzz targets claim the same sentence).

pub mod alb;
