//! Buffers the body of a request as a whole, in the memory of the instance that sends it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::time::timeout;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::memory_left::{BufferMemory, MemoryLeft};

/// The first room for a body of unknown length.
const FIRST: usize = 8 * 1024;

/// The most time for a guest to write the rest of a body that is not sent.
const DRAIN: Duration = Duration::from_secs(1);

/// The reason why a body is not buffered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BufferError {
    #[error(
        "its body is hashed, so the host buffers it in the memory of the handler's instance, which has no room for {0} \
         bytes of it: raise limits.memory, or send it in parts"
    )]
    NoMemory(usize),
    #[error("its body has {found} bytes, but its content-length is {stated}: send as many as it says")]
    Length { stated: u64, found: usize },
    #[error("its body is hashed and has trailers, which no signature covers: send them as headers")]
    Trailers,
    /// The guest has ended the body with an error.
    #[error("the handler did not finish its body")]
    Guest(Error),
}

struct BufferedBody {
    bytes: Vec<u8>,
    memory: BufferMemory,
}

impl AsRef<[u8]> for BufferedBody {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads the body to its end. Its memory counts as the instance's until the bytes are dropped.
pub(super) async fn buffered(
    mut body: WasiBody,
    stated: Option<u64>,
    memory: Arc<MemoryLeft>,
) -> Result<Bytes, BufferError> {
    let mut buffer = BufferedBody { bytes: Vec::new(), memory: BufferMemory::new(memory) };
    let whole = stated.map_or(0, |stated| usize::try_from(stated).unwrap_or(usize::MAX));
    if !buffer.has_room(whole) {
        drain(body).await;
        return Err(BufferError::NoMemory(whole));
    }
    while let Some(frame) = body.frame().await {
        match frame.map_err(BufferError::Guest)?.into_data() {
            Ok(piece) if buffer.append(&piece) => {}
            Ok(piece) => {
                let length = buffer.bytes.len().saturating_add(piece.len());
                drop(buffer);
                drain(body).await;
                return Err(BufferError::NoMemory(length));
            }
            Err(frame) if frame.trailers_ref().is_some_and(|trailers| !trailers.is_empty()) => {
                return Err(BufferError::Trailers);
            }
            Err(_) => {}
        }
    }
    let found = buffer.bytes.len();
    match stated {
        Some(stated) if u64::try_from(found) != Ok(stated) => Err(BufferError::Length { stated, found }),
        _ => Ok(Bytes::from_owner(buffer)),
    }
}

/// Lets a guest finish a body that is not sent, so that it gets the reason, and no error of its body.
pub(super) async fn drain(mut body: WasiBody) {
    let _ = timeout(DRAIN, async { while let Some(Ok(_)) = body.frame().await {} }).await;
}

impl BufferedBody {
    /// Appends a piece, if there is room for it.
    fn append(&mut self, piece: &[u8]) -> bool {
        let length = self.bytes.len().saturating_add(piece.len());
        // Room for twice as much makes growing cheap. If there is none for that, there may be for the piece.
        let doubled = length.saturating_mul(2).max(FIRST);
        let has_room = length <= self.bytes.capacity() || self.has_room(doubled) || self.has_room(length);
        if has_room {
            self.bytes.extend_from_slice(piece);
        }
        has_room
    }

    /// Makes room for a body of `length` bytes, if the instance's memory has it.
    fn has_room(&mut self, length: usize) -> bool {
        let more = length.saturating_sub(self.bytes.len());
        self.memory.grow_to(length) && self.bytes.try_reserve_exact(more).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http::HeaderMap;
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;

    fn body(pieces: usize) -> WasiBody {
        let pieces = (0..pieces).map(|_| Ok(Frame::data(Bytes::from_static(&[b'x'; 1000]))));
        StreamBody::new(stream::iter(pieces.collect::<Vec<_>>())).boxed_unsync()
    }

    #[tokio::test]
    async fn a_body_takes_of_the_instances_memory_until_it_is_dropped() {
        for stated in [None, Some(100_000)] {
            let memory = Arc::new(MemoryLeft::new(1 << 20, None));
            let bytes = buffered(body(100), stated, memory.clone()).await.unwrap();
            assert_eq!(bytes, vec![b'x'; 100_000]);
            let left = memory.bytes();
            assert!((1 << 20) - left >= 100_000, "{stated:?} {left}");
            assert!(stated.is_none() || (1 << 20) - left == 100_000, "{left}");
            let part = bytes.slice(..10);
            drop(bytes);
            assert_eq!(memory.bytes(), left);
            drop(part);
            assert_eq!(memory.bytes(), 1 << 20);
        }
    }

    #[tokio::test]
    async fn a_body_above_the_memory_is_an_error_that_takes_nothing() {
        for (stated, fits) in [(None, 99), (Some(99_000), 99), (None, 101), (Some(101_000), 101), (Some(u64::MAX), 1)] {
            let memory = Arc::new(MemoryLeft::new(100_000, None));
            let result = buffered(body(fits), stated, memory.clone()).await;
            assert_eq!(result.is_ok(), fits == 99, "{stated:?} {fits}");
            assert!(fits == 99 || matches!(result, Err(BufferError::NoMemory(_))), "{stated:?} {result:?}");
            drop(result);
            assert_eq!(memory.bytes(), 100_000);
        }
    }

    #[tokio::test]
    async fn a_body_that_is_not_what_it_states_is_an_error() {
        let memory = || Arc::new(MemoryLeft::new(1 << 20, None));
        for stated in [0, 999, 1001] {
            let result = buffered(body(1), Some(stated), memory()).await;
            assert!(matches!(result, Err(BufferError::Length { found: 1000, .. })), "{stated} {result:?}");
        }
        let failed = [Ok(Frame::data(Bytes::from_static(b"x"))), Err(Error::ConnectionTerminated)];
        let failed = StreamBody::new(stream::iter(failed)).boxed_unsync();
        assert!(matches!(buffered(failed, None, memory()).await, Err(BufferError::Guest(_))));
        let trailers: HeaderMap = [(http::header::ETAG, http::HeaderValue::from_static("x"))].into_iter().collect();
        for (trailers, accepted) in [(trailers, false), (HeaderMap::new(), true)] {
            let frames = [Ok(Frame::data(Bytes::from_static(b"x"))), Ok(Frame::trailers(trailers))];
            let result = buffered(StreamBody::new(stream::iter(frames)).boxed_unsync(), None, memory()).await;
            assert_eq!(result.is_ok(), accepted, "{result:?}");
        }
    }
}
