//! Limits what a server sends in TLS that is no content of the connection: handshakes, tickets, empty records.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most bytes that a server may send without any content. A handshake has at most 64 KiB of certificates.
const MAX_WITHOUT_CONTENT: usize = 256 * 1024;
/// The most bytes that are read without any content before the task yields: TLS reads on until there is some.
const READ_PER_TURN: usize = 64 * 1024;

const TOO_MUCH: &str = "the server sends too much in TLS besides content: handshakes, tickets or empty records";

/// The bytes that have come since the last content.
#[derive(Clone, Default)]
pub(crate) struct Overhead(Arc<Counts>);

#[derive(Default)]
struct Counts {
    all: AtomicUsize,
    /// Those since the reader last had to wait.
    turn: AtomicUsize,
}

impl Overhead {
    /// There was content, or the handshake is complete.
    pub(crate) fn reset(&self) {
        self.0.all.store(0, Relaxed);
        self.0.turn.store(0, Relaxed);
    }

    fn add(&self, bytes: usize) {
        self.0.all.fetch_add(bytes, Relaxed);
        self.0.turn.fetch_add(bytes, Relaxed);
    }
}

/// The connection below TLS, which counts what it reads.
pub(crate) struct Below<T>(pub(crate) T, pub(crate) Overhead);

/// The connection above TLS, which reads content.
pub(crate) struct Above<T>(pub(crate) T, pub(crate) Overhead);

impl<T: AsyncRead + Unpin> AsyncRead for Below<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let counts = self.1.0.clone();
        if counts.all.load(Relaxed) > MAX_WITHOUT_CONTENT {
            return Poll::Ready(Err(io::Error::other(TOO_MUCH)));
        }
        if counts.turn.load(Relaxed) >= READ_PER_TURN {
            counts.turn.store(0, Relaxed);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.0).poll_read(cx, buffer);
        match read {
            Poll::Pending => counts.turn.store(0, Relaxed),
            Poll::Ready(_) => self.1.add(buffer.filled().len() - before),
        }
        read
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Above<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.0).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.1.reset();
        }
        Poll::Ready(Ok(()))
    }
}

macro_rules! write_through {
    ($name:ident) => {
        impl<T: AsyncWrite + Unpin> AsyncWrite for $name<T> {
            fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.0).poll_write(cx, bytes)
            }

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.0).poll_flush(cx)
            }

            fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut self.0).poll_shutdown(cx)
            }
        }
    };
}

write_through!(Above);
write_through!(Below);

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::io::AsyncReadExt;

    use super::*;

    /// A server that always has more.
    struct Endless;

    impl AsyncRead for Endless {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            let room = buffer.remaining();
            buffer.initialize_unfilled_to(room);
            buffer.advance(room);
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn a_reader_yields_after_some_bytes_and_fails_after_many() {
        let mut below = Below(Endless, Overhead::default());
        let mut bytes = [0; 4096];
        let mut cx = Context::from_waker(Waker::noop());
        let (mut all, mut turns) = (0, 0);
        let error = loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut below).poll_read(&mut cx, &mut buffer) {
                Poll::Ready(Ok(())) => all += buffer.filled().len(),
                Poll::Pending => turns += 1,
                Poll::Ready(Err(error)) => break error,
            }
        };
        assert_eq!((all, turns), (MAX_WITHOUT_CONTENT + 4096, 4), "{error}");
    }

    #[tokio::test]
    async fn content_is_not_limited() {
        let overhead = Overhead::default();
        let mut above = Above(Below(Endless, overhead.clone()), overhead);
        let mut bytes = vec![0; 16 << 10];
        for _ in 0..1000 {
            assert_eq!(above.read(&mut bytes).await.unwrap(), bytes.len());
        }
    }
}
