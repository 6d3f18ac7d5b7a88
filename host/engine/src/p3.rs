//! Calls a handler of `wasi:http` 0.3.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::Bytes;
use http_body_util::Full;
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime::component::{Accessor, GuestTaskId};
use wasmtime_wasi_http::p3::Request;
use wasmtime_wasi_http::p3::bindings::Service;
use wasmtime_wasi_http::{Error, WasiHttpView};

use crate::reply::Outcome;
use crate::state::State;

/// Whether the request's body went over to the guest.
type Transmitted = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// Hands over the response as soon as there is one, and ends when the guest has nothing left to do. Scheme and authority
/// come from the URI.
pub(crate) async fn call(
    service: &Service,
    store: &mut Store<State>,
    request: http::Request<Bytes>,
    sender: oneshot::Sender<Outcome>,
) -> wasmtime::Result<()> {
    let answer = async |accessor: &Accessor<State>| {
        respond(accessor, service, request, sender, |_, _| {}).await?;
        // The body is written by then, and whatever the guest does after its reply.
        poll_fn(|context| accessor.poll_no_interesting_tasks(context)).await;
        Ok(())
    };
    store.run_concurrent(answer).await.flatten()
}

/// Hands over the response as soon as there is one. `begun` is told by which task the guest works on it.
pub(crate) async fn respond(
    accessor: &Accessor<State>,
    service: &Service,
    request: http::Request<Bytes>,
    sender: oneshot::Sender<Outcome>,
    begun: impl FnOnce(&mut State, GuestTaskId),
) -> wasmtime::Result<()> {
    let handle = service.wasi_http_handler().func_handle();
    let (call, transmitted) = accessor.with(|mut access| {
        let http = access.get().http();
        let (request, transmitted) = Request::from_http(http.hooks, request.map(Full::new));
        // Boxed, as its type would keep the access; it holds nothing of it.
        let transmitted: Transmitted = Box::pin(transmitted);
        let request = http.table.push(request)?;
        let call = handle.start_call_concurrent(&mut access, (request,))?;
        begun(access.get(), call.task());
        wasmtime::error::Ok((call, transmitted))
    })?;
    let (answer,) = handle.finish_call_concurrent(accessor, call).await?;
    let outcome = match answer {
        Err(code) => Err(format!("{code:?}")),
        Ok(response) => Ok(accessor.with(|mut access| {
            let response = access.get().http().table.delete(response)?;
            response.into_http(&mut access, transmitted)
        })?),
    };
    // Nobody waits any more once the deadline has come.
    let _ = sender.send(outcome);
    Ok(())
}
