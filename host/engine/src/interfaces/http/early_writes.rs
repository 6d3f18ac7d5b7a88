//! Explains why a guest of 0.2 hangs in a write.
//!
//! A body buffers a few pieces until it is read. The read begins when its response is set or its request is sent. A
//! guest that writes more pieces before that waits forever, and the log is the only place that can explain it.

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

const WAITED: &str = "the handler waited in a write to a body that is not read yet: set the response, or send the \
                      request, before writing more than 16 pieces of its body";

/// The stream of a body. When it is dropped, it logs a write that is still waiting.
struct LoggedStream {
    stream: DynOutputStream,
    waits: bool,
    sink: OutputSink,
    /// Whether the response has been set. Its body is then read, and the end of the body is reported in another way.
    answered: Arc<AtomicBool>,
}

/// Replaces wasmtime's `write`.
pub(super) fn add(types: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    types.func_wrap(WRITE, |mut store, (body,): (Resource<HostOutgoingBody>,)| {
        let (sink, answered) = (store.data().sink(), store.data().answered());
        let table = store.data_mut().http().table;
        let Some(stream) = table.get_mut(&body)?.take_output_stream() else { return Ok((Err(()),)) };
        let logged: DynOutputStream = Box::new(LoggedStream { stream, waits: false, sink, answered });
        Ok((Ok(table.push_child(logged, &body)?),))
    })
}

#[async_trait::async_trait]
impl Pollable for LoggedStream {
    async fn ready(&mut self) {
        self.waits = true;
        self.stream.ready().await;
        self.waits = false;
    }
}

#[async_trait::async_trait]
impl OutputStream for LoggedStream {
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

impl Drop for LoggedStream {
    fn drop(&mut self) {
        // A guest that polled several pollables may have continued because of another one, and there may be room now.
        let mut has_room = || matches!(self.stream.check_write(), Ok(1..));
        if self.waits && !self.answered.load(Ordering::Relaxed) && !has_room() {
            self.sink.line(Stream::Stderr, WAITED);
        }
    }
}
