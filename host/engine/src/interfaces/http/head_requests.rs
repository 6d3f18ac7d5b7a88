//! Answers to HEAD with the length of a body that they do not have (RFC 9110, section 8.6).
//!
//! Wasmtime compares the written bytes with the stated `content-length`, and rejects `finish` for a shorter body. Such
//! an answer to HEAD is correct, and frameworks send it. This function accepts the empty body.

use wasmtime::component::{LinkerInstance, Resource};
use wasmtime_wasi_http::FieldMap;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::p2::body::HostOutgoingBody;

use crate::state::State;

const FINISH: &str = "[static]outgoing-body.finish";

/// Replaces wasmtime's `finish`.
pub(super) fn add(types: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    types.func_wrap(FINISH, |mut store, (body, trailers): (Resource<HostOutgoingBody>, Option<Resource<FieldMap>>)| {
        let state = store.data_mut();
        let table = state.http().table;
        let body = table.delete(body)?;
        let trailers = trailers.map(|trailers| table.delete(trailers)).transpose()?;
        let finished = match body.finish(trailers) {
            Err(ErrorCode::HttpResponseBodySize(Some(0))) if state.head => Ok(()),
            finished => finished,
        };
        Ok((finished,))
    })
}
