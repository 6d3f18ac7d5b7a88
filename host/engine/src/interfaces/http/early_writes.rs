//! Says why a guest of 0.2 did not go on that waited in a write.
//!
//! A body holds a few pieces until somebody reads it, which is when its response is set or its request is sent. A guest that
//! writes more before that waits for ever, and nothing but its last words can tell.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use wasmtime::component::{LinkerInstance, Resource};
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamResult};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::body::HostOutgoingBody;

use crate::call::Stream;
use crate::output::OutputSink;
use crate::state::State;

const WRITE: &str = "[method]outgoing-body.write";

const WAITED: &str = "the handler waited in a write to a body of which nobody takes more: set the response, or send the \
                      request, before writing more than 16 pieces of its body";

/// The stream of a body, which tells of a write that was never done.
struct Told {
    stream: DynOutputStream,
    waits: bool,
    sink: OutputSink,
    /// Whether the response has been set: it is read then, and how its body ends is told otherwise.
    answered: Arc<AtomicBool>,
}

/// Puts this `write` in the place of wasmtime's.
pub(super) fn add(types: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    types.func_wrap(WRITE, |mut store, (body,): (Resource<HostOutgoingBody>,)| {
        let (sink, answered) = (store.data().sink(), store.data().answered());
        let table = store.data_mut().http().table;
        let Some(stream) = table.get_mut(&body)?.take_output_stream() else { return Ok((Err(()),)) };
        let told: DynOutputStream = Box::new(Told { stream, waits: false, sink, answered });
        Ok((Ok(table.push_child(told, &body)?),))
    })
}

#[async_trait::async_trait]
impl Pollable for Told {
    async fn ready(&mut self) {
        self.waits = true;
        self.stream.ready().await;
        self.waits = false;
    }
}

#[async_trait::async_trait]
impl OutputStream for Told {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.stream.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.stream.check_write()
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        // One that waited for several things may have gone on for another of them, and there is room by now.
        let mut has_room = || matches!(self.stream.check_write(), Ok(1..));
        if self.waits && !self.answered.load(Ordering::Relaxed) && !has_room() {
            self.sink.line(Stream::Stderr, WAITED);
        }
    }
}
