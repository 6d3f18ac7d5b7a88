#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic))]
//! Lambda's HTTP events to and from the types of the `http` crate.
//!
//! A host in Lambda asks [`decode`] what an event is. A request comes with the [`Form`] of its answer, which writes the
//! reply and knows what its front accepts. What a local front needs is in that front's own module: [`alb`].
//!
//! Pure: no I/O, no `async`, no `unsafe`. No input makes a function of this crate panic, and what it allocates is
//! bounded by its input (the fuzz targets claim the same sentence).

mod detect;
mod front;
mod http;
mod json;

pub use detect::{EventSource, NotHttp};
pub use front::{EncodeError, Event, Form, FrontLimits, FrontOptions, Incoming, InvalidEvent, Reply, alb, decode};
