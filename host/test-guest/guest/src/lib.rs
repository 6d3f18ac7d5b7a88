//! The component for the tests of the host.
//!
//! On any path it answers 200 with JSON of the request, as [`seen::Seen`] describes. Two request headers change that:
//!
//! - `x-answer`: base64url (padding is optional) of JSON, the answer to give; see [`answer::Answer::instructed`].
//! - `x-act`: `name` or `name:argument`, an act; see [`act::Act`]. The default is the environment variable `ACT`, and
//!   for events below `/events` the member `act` of their JSON.
//!
//! An unknown instruction is answered with 400 and the reason, so that a mistake in a test is visible.

mod act;
mod answer;
mod attack;
mod blocking;
mod body;
mod entropy;
mod fault;
mod fetch;
mod files;
mod hoard;
mod host_imports;
mod memory;
mod partial;
mod raw_sockets;
mod seen;
mod sockets;
mod surroundings;
mod tcp;

use act::Act;
use answer::Answer;
use seen::Seen;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

struct TestGuest;

wasip2::http::proxy::export!(TestGuest);

impl Guest for TestGuest {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let seen = Seen::of(request);
        if let Some(instruction) = seen.header("x-answer") {
            Answer::instructed(&instruction).unwrap_or_else(Answer::bad_instruction).send(out);
        } else if let Some(instruction) =
            seen.header("x-act").or_else(|| std::env::var("ACT").ok()).or_else(|| seen.act_of_event())
        {
            match Act::instructed(&instruction) {
                Ok(act) => act.perform(&seen, out),
                Err(reason) => Answer::bad_instruction(reason).send(out),
            }
        } else {
            seen.mirror().send(out);
        }
    }
}
