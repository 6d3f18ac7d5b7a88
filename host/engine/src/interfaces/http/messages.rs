//! Outgoing requests and responses. The buffers of their bodies and the texts of requests are counted.

use wasmtime::StoreContextMut;
use wasmtime::component::{LinkerInstance, Resource};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::http::types as p2;
use wasmtime_wasi_http::p2::types::{HostOutgoingRequest, HostOutgoingResponse};
use wasmtime_wasi_http::p3::Request;
use wasmtime_wasi_http::p3::bindings::http::types as p3;

use crate::state::State;
use crate::weigh::BODY;

type Store<'a> = StoreContextMut<'a, State>;
/// The result of a request's setter. The error means that a text was rejected.
type Outcome<T> = wasmtime::Result<(Result<T, ()>,)>;

/// The longest method in bytes. No registered method has more than 20.
const METHOD: usize = 256;

/// Replaces wasmtime's functions of 0.2.
pub(super) fn add_0_2(types: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    types.func_wrap(
        "[method]outgoing-response.body",
        |mut store: Store<'_>, (response,): (Resource<HostOutgoingResponse>,)| {
            if !store.data_mut().hold(BODY) {
                return Ok((Err(()),));
            }
            let body = p2::HostOutgoingResponse::body(&mut store.data_mut().http(), response)?;
            Ok((body,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.body",
        |mut store: Store<'_>, (request,): (Resource<HostOutgoingRequest>,)| {
            if !store.data_mut().hold(BODY) {
                return Ok((Err(()),));
            }
            let body = p2::HostOutgoingRequest::body(&mut store.data_mut().http(), request)?;
            Ok((body,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-method",
        |mut store: Store<'_>, (request, method): (Resource<HostOutgoingRequest>, p2::Method)| -> Outcome<()> {
            match &method {
                p2::Method::Other(name) if name.len() > METHOD => Ok((Err(()),)),
                _ => Ok((p2::HostOutgoingRequest::set_method(&mut store.data_mut().http(), request, method)?,)),
            }
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-authority",
        |mut store: Store<'_>, (request, text): (Resource<HostOutgoingRequest>, Option<String>)| -> Outcome<()> {
            if store.data_mut().hold(length(text.as_ref())) {
                Ok((p2::HostOutgoingRequest::set_authority(&mut store.data_mut().http(), request, text)?,))
            } else {
                Ok((Err(()),))
            }
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-path-with-query",
        |mut store: Store<'_>, (request, text): (Resource<HostOutgoingRequest>, Option<String>)| -> Outcome<()> {
            if store.data_mut().hold(length(text.as_ref())) {
                Ok((p2::HostOutgoingRequest::set_path_with_query(&mut store.data_mut().http(), request, text)?,))
            } else {
                Ok((Err(()),))
            }
        },
    )
}

/// Replaces wasmtime's functions of 0.3. Bodies of 0.3 have no buffers of their own.
pub(super) fn add_0_3(types: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    types.func_wrap(
        "[method]request.set-method",
        |mut store: Store<'_>, (request, method): (Resource<Request>, p3::Method)| -> Outcome<()> {
            match &method {
                p3::Method::Other(name) if name.len() > METHOD => Ok((Err(()),)),
                _ => Ok((p3::HostRequest::set_method(&mut store.data_mut().http(), request, method)?,)),
            }
        },
    )?;
    types.func_wrap(
        "[method]request.set-authority",
        |mut store: Store<'_>, (request, text): (Resource<Request>, Option<String>)| -> Outcome<()> {
            if store.data_mut().hold(length(text.as_ref())) {
                Ok((p3::HostRequest::set_authority(&mut store.data_mut().http(), request, text)?,))
            } else {
                Ok((Err(()),))
            }
        },
    )?;
    types.func_wrap(
        "[method]request.set-path-with-query",
        |mut store: Store<'_>, (request, text): (Resource<Request>, Option<String>)| -> Outcome<()> {
            if store.data_mut().hold(length(text.as_ref())) {
                Ok((p3::HostRequest::set_path_with_query(&mut store.data_mut().http(), request, text)?,))
            } else {
                Ok((Err(()),))
            }
        },
    )
}

fn length(text: Option<&String>) -> usize {
    text.map_or(0, String::len)
}
