//! Outgoing `wasi:http` requests: every one is denied.

use std::sync::Arc;

use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, Result, WasiBody, WasiHttpHooks};

/// The host's side of `wasi:http` for one instance.
pub(crate) struct Hooks;

type Exchange = (http::Response<WasiBody>, Box<dyn Future<Output = Result<()>> + Send>);

impl WasiHttpHooks for Hooks {
    /// Nothing is hidden from the guest: wasmtime would take `host` away, and hop-by-hop headers are removed where
    /// events are read and written.
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|_| false)
    }

    fn is_forbidden_header(&mut self, _: &http::HeaderName) -> bool {
        false
    }

    fn send_request(
        &mut self,
        _: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<()>> + Send>,
    ) -> Box<dyn Future<Output = Result<Exchange>> + Send> {
        Box::new(async { Err(Error::HttpRequestDenied) })
    }

    /// Room for a few writes, so that a guest which writes in small pieces is not woken for each of them.
    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        16
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        64 * 1024
    }
}
