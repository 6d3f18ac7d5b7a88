//! What the component exports.

use std::sync::OnceLock;

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

use crate::service::Handler;
use crate::{request, response, runtime};

wasip2::http::proxy::export!(Component);

static HANDLER: OnceLock<Handler> = OnceLock::new();

struct Component;

unsafe extern "C" {
    /// The program's `main`, with the preparations of the standard library.
    safe fn __main_void() -> i32;
}

pub(crate) fn register(handler: Handler) {
    assert!(HANDLER.set(handler).is_ok(), "funcserver_guest::serve was called twice: merge the routers into one");
}

/// The handler that `main` has registered; `main` runs at the first request.
fn handler() -> &'static Handler {
    if let Some(handler) = HANDLER.get() {
        return handler;
    }
    let code = runtime::enter(|| __main_void());
    HANDLER.get().unwrap_or_else(|| panic!("main ended with code {code}, and did not call funcserver_guest::serve"))
}

impl Guest for Component {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let handler = handler();
        runtime::run(async {
            let answer = match request::read(request) {
                Ok(request) => handler(request).await,
                Err(refusal) => Ok(refusal),
            };
            response::send(out, answer).await;
        });
    }
}
