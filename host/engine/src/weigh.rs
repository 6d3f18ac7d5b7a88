//! Weighs the memory that the host holds for an instance behind its handles, in bytes.
//!
//! It inspects every handle, so that no code has to report when one is dropped. Buffers count with their maximum size.

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
use crate::network::Socket;

/// The weight of any handle: its entry in the table, and the small value behind it.
const HANDLE: usize = 256;
/// The weight of a field in a map, without its text.
const FIELD: usize = 128;
/// The most writes that an outgoing body buffers, and the largest size of each. It can hold one more.
pub(crate) const BODY_WRITES: usize = 16;
pub(crate) const BODY_WRITE: usize = 8 << 10;
pub(crate) const BODY: usize = (BODY_WRITES + 1) * BODY_WRITE;
/// The most bytes that a stream reads ahead of a file.
pub(crate) const INPUT: usize = 64 << 10;
/// The most bytes that a stream holds while a write to a file waits for a thread.
pub(crate) const OUTPUT: usize = 16 << 10;
/// The weight of a TCP socket: its buffers, and those of TLS.
pub(crate) const SOCKET: usize = 192 << 10;
/// The weight of a waiting outgoing request, without its fields.
const REQUEST: usize = 16 << 10;

/// Weighs everything in the table.
pub(crate) fn weigh(table: &mut ResourceTable) -> usize {
    let mut scales = Scales::default();
    table.iter_mut().map(|entry| HANDLE + scales.entry(entry)).sum()
}

/// The weight of a map of fields.
pub(crate) fn fields(map: &HeaderMap) -> usize {
    let names: usize = map.keys().map(|name| name.as_str().len()).sum();
    let values: usize = map.values().map(|value| value.len()).sum();
    names + values + map.len().max(map.capacity()) * FIELD
}

/// The weight of an additional field.
pub(crate) fn field(name: &str, value: &[u8]) -> usize {
    name.len() + value.len() + 2 * FIELD
}

/// Weighs maps once, because several handles can share one.
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
        if entry.is::<Socket>() {
            return SOCKET;
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
        if self.seen.insert(map) { fields(map) } else { 0 }
    }
}

/// The outgoing requests of an instance that are not sent yet, which have no handle.
pub(crate) struct Waiting {
    most: usize,
    bytes: AtomicUsize,
}

/// A waiting request. It is counted until it is dropped.
pub(crate) struct Waits(Arc<Waiting>, usize);

impl Waiting {
    /// A queue of at most `most` bytes.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, bytes: AtomicUsize::new(0) }
    }

    /// Adds a request with these fields. Returns `None` if the limit is reached.
    pub(crate) fn begin(self: &Arc<Self>, headers: &HeaderMap) -> Option<Waits> {
        let bytes = REQUEST + fields(headers);
        if self.bytes() + bytes > self.most {
            return None;
        }
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Some(Waits(self.clone(), bytes))
    }

    /// The weight of all waiting requests, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.bytes.fetch_sub(self.1, Ordering::Relaxed);
    }
}
