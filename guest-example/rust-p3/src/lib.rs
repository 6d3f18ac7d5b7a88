//! A router behind a load balancer, as a component of `wasi:http` 0.3: its handler is an `async` function, and bodies are
//! streams.

mod headers;
mod pages;
mod router;

use wasip3::exports::http::handler::Guest;
use wasip3::http::types::{ErrorCode, Request, Response};
use wasip3::http_compat::{http_from_wasi_request, http_into_wasi_response};

struct Example;

wasip3::http::service::export!(Example);

impl Guest for Example {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let request = http_from_wasi_request(request)?;
        http_into_wasi_response(router::answer(request))
    }
}
