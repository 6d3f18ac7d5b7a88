//! The component of `wasi:http` 0.3 for the tests of the host. The one of 0.2 is in `../guest`.
//!
//! On any path it answers 200 with JSON of the request, as [`seen::Seen::mirror`] describes. The request header `x-act`
//! changes that: it is `name` or `name:argument`, an act of [`act::Act`]. An event below `/events` has it in the member
//! `act` of its JSON. An unknown instruction is answered with 400 and the reason, so that a mistake in a test is visible.

mod act;
mod answer;
mod attack;
mod body;
mod entropy;
mod fault;
mod fetch;
mod hoard;
mod memory;
mod output;
mod partial;
mod proxy;
mod raw_sockets;
mod seen;
mod surroundings;
mod tcp;

use act::Act;
use answer::Answer;
use seen::Seen;
use wasip3::exports::http::handler::Guest;
use wasip3::http::types::{ErrorCode, Request, Response};

struct TestGuest;

wasip3::http::service::export!(TestGuest);

impl Guest for TestGuest {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let seen = Seen::of(request);
        let (seen, instruction) = match seen.header("x-act") {
            Some(instruction) => (seen, Some(instruction)),
            None => match seen.event().await {
                Ok(event) => event,
                Err(reason) => return Answer::text(400, reason).send(),
            },
        };
        match instruction.as_deref().map(Act::instructed) {
            None => seen.mirror().await.send(),
            Some(Ok(act)) => act.perform(seen).await,
            Some(Err(reason)) => Answer::text(400, format!("bad instruction: {reason}")).send(),
        }
    }
}
