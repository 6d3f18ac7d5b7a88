//! What the host holds for an instance behind its handles, in bytes.
//!
//! Found by looking at every handle, so that nothing has to be told when one is dropped. Buffers count as what they can
//! grow to.

use std::any::Any;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::HeaderMap;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream};
use wasmtime_wasi_http::FieldMap;
use wasmtime_wasi_http::p2::bindings::http::types::Method;
use wasmtime_wasi_http::p2::body::HostOutgoingBody;
use wasmtime_wasi_http::p2::types::{HostIncomingResponse, HostOutgoingRequest, HostOutgoingResponse};
use wasmtime_wasi_http::p3::{Request, Response};

use crate::listing::Listing;

/// Any handle: its entry in the table, and the small value behind it.
const HANDLE: usize = 256;
/// A place for a field in a map, beside its text.
const FIELD: usize = 128;
/// Most that an outgoing body buffers: so many writes of so many bytes each, and one more.
pub(crate) const BODY_WRITES: usize = 16;
pub(crate) const BODY_WRITE: usize = 8 << 10;
pub(crate) const BODY: usize = (BODY_WRITES + 1) * BODY_WRITE;
/// Most that a stream reads ahead of a file.
pub(crate) const INPUT: usize = 64 << 10;
/// What a stream has to write to a file, while it waits for a thread.
pub(crate) const OUTPUT: usize = 16 << 10;
/// An outgoing request that waits for its turn, beside its fields.
const REQUEST: usize = 16 << 10;

/// Weighs all that is in the table.
pub(crate) fn weigh(table: &mut ResourceTable) -> usize {
    let mut scales = Scales::default();
    table.iter_mut().map(|entry| HANDLE + scales.entry(entry)).sum()
}

/// What a map takes.
pub(crate) fn fields(map: &HeaderMap) -> usize {
    let names: usize = map.keys().map(|name| name.as_str().len()).sum();
    let values: usize = map.values().map(|value| value.len()).sum();
    names + values + map.len().max(map.capacity()) * FIELD
}

/// What one more field takes.
pub(crate) fn field(name: &str, value: &[u8]) -> usize {
    name.len() + value.len() + 2 * FIELD
}

/// Handles of one map share it.
#[derive(Default)]
struct Scales {
    seen: HashSet<*const HeaderMap>,
}

impl Scales {
    fn entry(&mut self, entry: &(dyn Any + Send)) -> usize {
        if let Some(map) = entry.downcast_ref::<FieldMap>() {
            return self.fields(map);
        }
        if entry.is::<DynInputStream>() {
            return INPUT;
        }
        if entry.is::<DynOutputStream>() {
            return OUTPUT;
        }
        if entry.is::<HostOutgoingBody>() {
            return BODY;
        }
        if let Some(request) = entry.downcast_ref::<HostOutgoingRequest>() {
            return self.request(request);
        }
        if let Some(response) = entry.downcast_ref::<HostOutgoingResponse>() {
            return self.fields(&response.headers);
        }
        if let Some(response) = entry.downcast_ref::<HostIncomingResponse>() {
            return self.fields(&response.headers);
        }
        if let Some(request) = entry.downcast_ref::<Request>() {
            return self.request_p3(request);
        }
        if let Some(response) = entry.downcast_ref::<Response>() {
            return self.fields(&response.headers);
        }
        if entry.is::<Listing>() {
            return Listing::BYTES;
        }
        0
    }

    fn request(&mut self, request: &HostOutgoingRequest) -> usize {
        let method = match &request.method {
            Method::Other(method) => method.len(),
            _ => 0,
        };
        let texts = [&request.authority, &request.path_with_query];
        method
            + texts.map(|text| text.as_ref().map_or(0, String::len)).iter().sum::<usize>()
            + self.fields(&request.headers)
    }

    fn request_p3(&mut self, request: &Request) -> usize {
        let path = request.path_with_query.as_ref().map_or(0, |path| path.as_str().len());
        let authority = request.authority.as_ref().map_or(0, |authority| authority.as_str().len());
        request.method.as_str().len() + path + authority + self.fields(&request.headers)
    }

    fn fields(&mut self, map: &HeaderMap) -> usize {
        match self.seen.insert(map) {
            true => fields(map),
            false => 0,
        }
    }
}

/// The outgoing requests of an instance that are not sent yet: they are behind no handle.
pub(crate) struct Waiting {
    most: usize,
    bytes: AtomicUsize,
}

/// One of them, as long as it lives.
pub(crate) struct Waits(Arc<Waiting>, usize);

impl Waiting {
    /// Of which there may be so many bytes.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, bytes: AtomicUsize::new(0) }
    }

    /// One more, with these fields; nothing, if there are too many.
    pub(crate) fn begin(self: &Arc<Self>, headers: &HeaderMap) -> Option<Waits> {
        let bytes = REQUEST + fields(headers);
        if self.bytes() + bytes > self.most {
            return None;
        }
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Some(Waits(self.clone(), bytes))
    }

    /// All of them, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.bytes.fetch_sub(self.1, Ordering::Relaxed);
    }
}
