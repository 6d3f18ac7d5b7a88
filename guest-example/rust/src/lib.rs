//! A router behind a load balancer, as a `wasi:http` component.
//!
//! The routes are plain functions from [`Request`] to [`Response`], in [`router`]. Only this file and the conversions beside
//! the two types talk to the host.

mod context;
mod headers;
mod pages;
mod request;
mod response;
mod router;

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

use request::Request;
use response::Response;

struct Example;

wasip2::http::proxy::export!(Example);

impl Guest for Example {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let response = match Request::read(request) {
            Ok(request) => router::answer(&request),
            Err(error) => Response::text(400, format!("the request's body ended early: {error}\n")),
        };
        if let Err(error) = response.send(out) {
            eprintln!("the response was not sent: {error}");
        }
    }
}
