//! Calls a handler of `wasi:http` 0.3.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::Bytes;
use http_body_util::Full;
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime::component::Accessor;
use wasmtime_wasi_http::p3::Request;
use wasmtime_wasi_http::p3::bindings::{Service, ServicePre};
use wasmtime_wasi_http::{Error, WasiHttpView};

use crate::exchange::{End, Ended, Run};
use crate::reply::Outcome;
use crate::state::State;

/// Whether the request's body went over to the guest.
type Transmitted = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// Prepares the call: nothing runs before the future is polled. Scheme and authority come from the URI.
pub(crate) fn start(
    pre: ServicePre<State>,
    mut store: Store<State>,
    request: http::Request<Bytes>,
) -> (Run, oneshot::Receiver<Outcome>) {
    let (sender, receiver) = oneshot::channel();
    let run = Box::pin(async move {
        let result = match pre.instantiate_async(&mut store).await {
            Err(error) => Err(End::Instantiate(error)),
            Ok(service) => {
                let called = store.run_concurrent(async |accessor| call(accessor, &service, request, sender).await);
                called.await.flatten().map_err(End::Call)
            }
        };
        Ended { store, result }
    });
    (run, receiver)
}

/// Hands over the response as soon as there is one, then lets the guest work on until it has nothing left to do: its body
/// is written by then, and whatever it does after its reply.
async fn call(
    accessor: &Accessor<State>,
    service: &Service,
    request: http::Request<Bytes>,
    sender: oneshot::Sender<Outcome>,
) -> wasmtime::Result<()> {
    let (request, transmitted) = accessor.with(|mut access| {
        let http = access.get().http();
        let (request, transmitted) = Request::from_http(http.hooks, request.map(Full::new));
        // Boxed, as its type would keep the access; it holds nothing of it.
        let transmitted: Transmitted = Box::pin(transmitted);
        http.table.push(request).map(|request| (request, transmitted))
    })?;
    let outcome = match service.wasi_http_handler().call_handle(accessor, request).await? {
        Err(code) => Err(format!("{code:?}")),
        Ok(response) => Ok(accessor.with(|mut access| {
            let response = access.get().http().table.delete(response)?;
            response.into_http(&mut access, transmitted)
        })?),
    };
    // Nobody waits any more once the deadline has come.
    let _ = sender.send(outcome);
    poll_fn(|context| accessor.poll_no_interesting_tasks(context)).await;
    Ok(())
}
