//! Calls a handler of `wasi:http` 0.3.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::Bytes;
use http_body_util::Full;
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime::component::{Access, Accessor, GuestTaskId, Resource};
use wasmtime_wasi_http::p3::bindings::Service;
use wasmtime_wasi_http::p3::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::p3::{Request, Response};
use wasmtime_wasi_http::{Error, WasiHttpView};

use crate::excerpt;
use crate::incoming::{GuestResponse, ResponseResult};
use crate::open_body::{OpenBody, Writer};
use crate::state::State;

/// Whether the request's body went over to the guest.
type Transmitted = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// Hands over the response as soon as there is one, and ends when the guest has nothing left to do and its response cannot grow
/// any more. Scheme and authority come from the URI.
pub(crate) async fn call(
    service: &Service,
    store: &mut Store<State>,
    request: http::Request<Bytes>,
    sender: oneshot::Sender<ResponseResult>,
) -> wasmtime::Result<()> {
    let answer = async |accessor: &Accessor<State>| {
        let body = respond(accessor, service, request, sender, |_, _| {}).await?;
        poll_fn(|context| accessor.poll_no_interesting_tasks(context)).await;
        // What flows from host to host has no task.
        if let Some(body) = body {
            body.over().await;
        }
        Ok(())
    };
    store.run_concurrent(answer).await.flatten()
}

/// Hands over the response as soon as there is one; comes back with its body, if there is a response. `begun` is told by
/// which task the guest works on it.
pub(crate) async fn respond(
    accessor: &Accessor<State>,
    service: &Service,
    request: http::Request<Bytes>,
    sender: oneshot::Sender<ResponseResult>,
    begun: impl FnOnce(&mut State, GuestTaskId),
) -> wasmtime::Result<Option<OpenBody>> {
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
    let (outcome, body) = match answer {
        Err(code) => (Err(error_code(&code)), None),
        Ok(response) => {
            let (response, body) = accessor.with(|mut access| take(&mut access, response, transmitted))?;
            (Ok(response), Some(body))
        }
    };
    // Nobody waits any more once the deadline has come.
    let _ = sender.send(outcome);
    Ok(body)
}

/// The same among others: comes back when what the host feeds has flown to its end, and else with the body, as the guest's
/// tasks for it cannot be told from those for others.
pub(crate) async fn respond_at_length(
    accessor: &Accessor<State>,
    service: &Service,
    request: http::Request<Bytes>,
    sender: oneshot::Sender<ResponseResult>,
    begun: impl FnOnce(&mut State, GuestTaskId),
) -> wasmtime::Result<Option<OpenBody>> {
    match respond(accessor, service, request, sender, begun).await? {
        Some(body) if body.writer() == Writer::Host => {
            body.over().await;
            Ok(None)
        }
        body => Ok(body),
    }
}

fn take(
    access: &mut Access<'_, State>,
    response: Resource<Response>,
    transmitted: Transmitted,
) -> wasmtime::Result<(GuestResponse, OpenBody)> {
    let number = response.rep();
    let state = access.data_mut();
    let before = state.guest_bodies();
    let response = state.http().table.delete(response)?.into_http(&mut *access, transmitted)?;
    let writer = access.data_mut().writer(number, before);
    let (head, body) = response.into_parts();
    let (body, open) = OpenBody::follow(body, writer);
    Ok((GuestResponse { response: http::Response::from_parts(head, body), writer }, open))
}

fn error_code(code: &ErrorCode) -> String {
    match code {
        ErrorCode::InternalError(Some(text)) => excerpt::text(format_args!("InternalError: {text}")),
        code => excerpt::text(format_args!("{code:?}")),
    }
}
