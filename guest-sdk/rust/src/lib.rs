//! Runs an [axum](https://docs.rs/axum) router, or any tower service, as a `wasi:http` component.
//!
//! ```no_run
//! # fn app() -> Service { Service }
//! fn main() {
//!     funcserver_guest::serve(app());
//! }
//! # #[derive(Clone)]
//! # struct Service;
//! # impl tower_service::Service<http::Request<funcserver_guest::Body>> for Service {
//! #     type Response = http::Response<String>;
//! #     type Error = std::convert::Infallible;
//! #     type Future = std::future::Ready<Result<Self::Response, Self::Error>>;
//! #     fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
//! #         std::task::Poll::Ready(Ok(()))
//! #     }
//! #     fn call(&mut self, _: http::Request<funcserver_guest::Body>) -> Self::Future {
//! #         std::future::ready(Ok(http::Response::default()))
//! #     }
//! # }
//! ```
//!
//! Handlers run on a tokio runtime of one thread, whose timers work: `tokio::time`, `tokio::spawn` and `tokio::sync`
//! behave as on any system. [`fetch`] sends HTTP requests, and [`connect`] opens TCP connections.

#[cfg(feature = "aws")]
mod aws;
mod context;
mod service;

#[cfg(target_family = "wasm")]
mod body;
#[cfg(target_family = "wasm")]
mod client;
#[cfg(target_family = "wasm")]
mod component;
#[cfg(target_family = "wasm")]
mod fields;
#[cfg(target_family = "wasm")]
mod reactor;
#[cfg(target_family = "wasm")]
mod request;
#[cfg(target_family = "wasm")]
mod response;
#[cfg(target_family = "wasm")]
mod runtime;
#[cfg(target_family = "wasm")]
mod tcp;

#[cfg(not(target_family = "wasm"))]
mod native;

use std::error::Error as StdError;
use std::fmt::Debug;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use tower_service::Service;

#[cfg(feature = "aws")]
pub use aws::aws_http_client;
pub use context::LambdaContext;
#[cfg(not(target_family = "wasm"))]
pub use tokio::net::TcpStream;

#[cfg(target_family = "wasm")]
pub use tcp::TcpStream;

/// The error of a body, or of [`fetch`]: a sentence.
pub type Error = Box<dyn StdError + Send + Sync>;

/// The body of a request to the service, and of a response to [`fetch`]. It arrives in pieces.
pub type Body = UnsyncBoxBody<Bytes, Error>;

/// Answers requests with `service`, such as an axum `Router`. Call it once, at the end of `main`.
///
/// In a component it returns at once: the host's requests come afterwards. On any other system it is an ordinary server,
/// on 127.0.0.1:8080 or the address in the environment variable `LISTEN`, and does not return.
///
/// # Panics
///
/// In a component, if it is called twice. Elsewhere, if the address is taken.
pub fn serve<S, B>(service: S)
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Debug,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Error>,
{
    let handler = service::handler(service);
    #[cfg(target_family = "wasm")]
    component::register(handler);
    #[cfg(not(target_family = "wasm"))]
    native::serve(handler);
}

/// Sends a request to another server, and returns its response as soon as the response's headers are there. The URI has
/// a scheme and an authority, as in `https://api.example.com/orders`. `network.allow` says where requests may go.
///
/// There is no limit of time but that of the handler: `tokio::time::timeout` sets one. Redirects are not followed.
///
/// # Errors
///
/// The host refuses the address, or the other server cannot be reached or does not speak HTTP. Outside a component
/// always: use another client in tests.
pub async fn fetch<B>(request: Request<B>) -> Result<Response<Body>, Error>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Error>,
{
    #[cfg(target_family = "wasm")]
    return client::fetch(request).await;
    #[cfg(not(target_family = "wasm"))]
    Err(format!("no request to {}: fetch works in a component only", request.uri()).into())
}

/// Opens a TCP connection to `HOST:PORT`, for a client of a database: an entry of `network.allow` that begins with
/// `tcp://`, `tls://` or `postgres://` must allow it. With the last two the host makes TLS, and the program speaks as on a
/// plain connection.
///
/// # Errors
/// [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) if no entry allows it; otherwise why the connection cannot be
/// opened. The log of the host has the details.
pub async fn connect(address: &str) -> std::io::Result<TcpStream> {
    #[cfg(target_family = "wasm")]
    return tcp::connect(address).await;
    #[cfg(not(target_family = "wasm"))]
    return TcpStream::connect(address).await;
}

/// Spawns a task that no request waits for, such as the one that drives a connection of a database as long as the
/// instance lives. It goes on while later requests are answered.
///
/// A task of [`tokio::spawn`] belongs to its request, which waits for the task's end.
pub fn spawn_detached(task: impl Future<Output = ()> + Send + 'static) {
    #[cfg(target_family = "wasm")]
    runtime::spawn_detached(task);
    #[cfg(not(target_family = "wasm"))]
    tokio::spawn(task);
}
