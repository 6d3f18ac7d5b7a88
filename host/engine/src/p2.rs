//! Calls a handler of `wasi:http` 0.2.

use bytes::Bytes;
use http::uri::Scheme as UriScheme;
use http_body_util::Full;
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};

use crate::exchange::{End, Ended, Run};
use crate::reply::Outcome;
use crate::state::State;

/// Prepares the call: nothing runs before the future is polled.
pub(crate) fn start(
    pre: ProxyPre<State>,
    mut store: Store<State>,
    request: http::Request<Bytes>,
) -> wasmtime::Result<(Run, oneshot::Receiver<Outcome>)> {
    let scheme = scheme(request.uri().scheme());
    let (sender, receiver) = oneshot::channel();
    let mut http = store.data_mut().http();
    let request = http.new_incoming_request(scheme, request.map(Full::new))?;
    let outparam = http.new_response_outparam_from_callback(move |outcome: Result<_, ErrorCode>| {
        // Nobody waits any more once the deadline has come.
        let _ = sender.send(outcome.map_err(|code| format!("{code:?}")));
    })?;
    let run = Box::pin(async move {
        let result = match pre.instantiate_async(&mut store).await {
            Err(error) => Err(End::Instantiate(error)),
            Ok(proxy) => {
                proxy.wasi_http_incoming_handler().call_handle(&mut store, request, outparam).await.map_err(End::Call)
            }
        };
        Ended { store, result }
    });
    Ok((run, receiver))
}

fn scheme(scheme: Option<&UriScheme>) -> Scheme {
    match scheme {
        Some(scheme) if *scheme == UriScheme::HTTPS => Scheme::Https,
        Some(scheme) if *scheme != UriScheme::HTTP => Scheme::Other(scheme.to_string()),
        _ => Scheme::Http,
    }
}
