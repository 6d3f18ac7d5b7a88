//! Calls a handler of `wasi:http` 0.2.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::uri::Scheme as UriScheme;
use http_body_util::Full;
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::Proxy;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};

use crate::excerpt;
use crate::incoming::{GuestResponse, ResponseResult};
use crate::open_body::Writer;
use crate::state::State;

/// Hands over the response as soon as the guest sets it, and ends when the guest has returned.
pub(crate) async fn call(
    proxy: &Proxy,
    store: &mut Store<State>,
    request: http::Request<Bytes>,
    sender: oneshot::Sender<ResponseResult>,
) -> wasmtime::Result<()> {
    let scheme = scheme(request.uri().scheme());
    let answered = store.data().answered();
    let mut http = store.data_mut().http();
    let request = http.new_incoming_request(scheme, request.map(Full::new))?;
    let outparam = http.new_response_outparam_from_callback(move |outcome: Result<_, ErrorCode>| {
        answered.store(true, Ordering::Relaxed);
        // Nobody waits any more once the deadline has come.
        let outcome = outcome.map(|response| GuestResponse { response, writer: Writer::Guest });
        let _ = sender.send(outcome.map_err(|code| error_code(&code)));
    })?;
    proxy.wasi_http_incoming_handler().call_handle(store, request, outparam).await
}

fn error_code(code: &ErrorCode) -> String {
    match code {
        ErrorCode::InternalError(Some(text)) => excerpt::text(format_args!("InternalError: {text}")),
        code => excerpt::text(format_args!("{code:?}")),
    }
}

fn scheme(scheme: Option<&UriScheme>) -> Scheme {
    match scheme {
        Some(scheme) if *scheme == UriScheme::HTTPS => Scheme::Https,
        Some(scheme) if *scheme != UriScheme::HTTP => Scheme::Other(scheme.to_string()),
        _ => Scheme::Http,
    }
}
