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

/// Tells the guest whether its request body was transmitted.
type Transmitted = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// Sends the response to `sender` as soon as the guest sets it, and returns when the guest has finished all its work
/// and its response cannot grow any more. Scheme and authority are taken from the URI.
pub(crate) async fn call(
    service: &Service,
    store: &mut Store<State>,
    request: http::Request<Bytes>,
    sender: oneshot::Sender<ResponseResult>,
) -> wasmtime::Result<()> {
    let answer = async |accessor: &Accessor<State>| {
        let body = respond(accessor, service, request, sender, |_, _| {}).await?;
        poll_fn(|context| accessor.poll_no_interesting_tasks(context)).await;
        // A body that flows from one host stream to another has no task.
        if let Some(body) = body {
            body.over().await;
        }
        Ok(())
    };
    store.run_concurrent(answer).await.flatten()
}

/// Sends the response to `sender` as soon as the guest sets it, and returns its body if there is a response. `begun`
/// receives the task in which the guest handles the request.
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
        // Boxed without borrowing `access`, although its type would capture the borrow.
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
    // Sending fails if the deadline has passed, because the receiver is dropped then.
    let _ = sender.send(outcome);
    Ok(body)
}

/// Calls [`respond`] for one of several concurrent requests. If the host writes the body, this returns at the end of
/// the body. Otherwise it returns the body, because the guest's tasks for it cannot be told from those for other
/// requests.
pub(crate) async fn respond_concurrently(
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
