//! Answers to HEAD that state the length of a body which they do not have (RFC 9110, section 8.6).
//!
//! wasmtime counts what a guest writes against the `content-length` that it stated, and refuses to finish a body that is
//! shorter. To HEAD such an answer is right, and frameworks give it: here the empty body is accepted.

use wasmtime::component::{LinkerInstance, Resource};
use wasmtime_wasi_http::FieldMap;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::p2::body::HostOutgoingBody;

use crate::state::State;

const FINISH: &str = "[static]outgoing-body.finish";

/// Puts this `finish` in the place of wasmtime's.
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
