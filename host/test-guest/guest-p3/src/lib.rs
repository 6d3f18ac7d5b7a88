//! The component of `wasi:http` 0.3 that the tests of the host run, beside the one of 0.2 in `../guest`.
//!
//! On any path it answers 200 with JSON of what it saw, as [`seen::Seen::mirror`] lists it. The request header `x-act`
//! changes that: `name` or `name:argument`, something to do; see [`act::Act`]. An instruction that it does not understand is
//! answered with 400 and the reason, so that a test's slip shows.

mod act;
mod answer;
mod attack;
mod body;
mod entropy;
mod fault;
mod fetch;
mod hoard;
mod output;
mod partial;
mod proxy;
mod seen;
mod surroundings;

use wasip3::exports::http::handler::Guest;
use wasip3::http::types::{ErrorCode, Request, Response};

use act::Act;
use answer::Answer;
use seen::Seen;

struct TestGuest;

wasip3::http::service::export!(TestGuest);

impl Guest for TestGuest {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let seen = Seen::of(request);
        match seen.header("x-act") {
            None => seen.mirror().await.send(),
            Some(instruction) => match Act::instructed(&instruction) {
                Ok(act) => act.perform(seen).await,
                Err(reason) => Answer::text(400, format!("bad instruction: {reason}")).send(),
            },
        }
    }
}
