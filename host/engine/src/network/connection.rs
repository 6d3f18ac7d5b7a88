//! The byte stream of a connection: it counts bytes, yields to other tasks, and ends when its [`ConnectionState`] is
//! closed.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::connection_state::ConnectionState;
use super::pool::Permit;

pub(crate) struct Tcp {
    stream: TcpStream,
    state: ConnectionState,
    /// The bytes read since the reading task last yielded.
    turn: usize,
    /// Released when the connection is closed.
    _permit: Permit,
}

impl Tcp {
    pub(crate) fn new(stream: TcpStream, state: ConnectionState, permit: Permit) -> Self {
        Self { stream, state, turn: 0, _permit: permit }
    }

    fn check(&self, cx: &Context<'_>) -> io::Result<()> {
        if self.state.is_closed(cx) {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the connection is no longer used"));
        }
        Ok(())
    }
}

impl AsyncRead for Tcp {
    /// Yields to other tasks after some bytes, so that a peer that sends endlessly does not occupy the thread.
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        let most = self.state.turn();
        if self.turn >= most {
            self.turn = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let mut polled = self.read(cx, buffer, most);
        if polled.is_pending() && self.state.has_resumed() {
            polled = self.read_directly(buffer, most);
        }
        let read = buffer.filled().len() - before;
        self.turn = if polled.is_pending() { 0 } else { self.turn + read };
        if !self.state.has_read(read) {
            return Poll::Ready(Err(io::Error::other(FLOODED)));
        }
        polled
    }
}

/// The error for a peer that sends endlessly.
pub(crate) const FLOODED: &str =
    "the server sends too much besides the response: interim responses, headers, control frames or padding";

impl AsyncWrite for Tcp {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.written(polled)
    }
}

impl Tcp {
    /// Reads at most `most` bytes.
    fn read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>, most: usize) -> Poll<io::Result<()>> {
        if buffer.remaining() <= most {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(most));
        let polled = Pin::new(&mut self.stream).poll_read(cx, &mut part);
        let read = part.filled().len();
        buffer.advance(read);
        polled
    }

    /// Reads directly from the socket. Tokio may not know yet that it is readable, because it polls for events only
    /// when no task is ready. A request thus detects that its connection was closed while it was idle, and is sent on
    /// another one. A request that is written to a closed connection is lost.
    fn read_directly(&self, buffer: &mut ReadBuf<'_>, most: usize) -> Poll<io::Result<()>> {
        let room = buffer.remaining().min(most);
        match recv(&self.stream, buffer.initialize_unfilled_to(room), RecvFlags::DONTWAIT) {
            Ok((read, _)) => {
                buffer.advance(read);
                Poll::Ready(Ok(()))
            }
            Err(Errno::AGAIN | Errno::INTR) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }

    fn written(&self, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &polled {
            self.state.has_written(*bytes);
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;

    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;
    use tokio::sync::Semaphore;

    use super::*;

    /// A connection whose peer sends endlessly, and has already sent so much that reading never waits.
    async fn endless() -> (Tcp, ConnectionState) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        tokio::spawn(async move { while peer.write_all(&[b'x'; 65536]).await.is_ok() {} });
        stream.readable().await.unwrap();
        let state = ConnectionState::default();
        (Tcp::new(stream, state.clone(), Permit::some(&Arc::new(Semaphore::new(2))).await), state)
    }

    /// The bytes that a reader gets in one poll if it reads until it must wait.
    fn drain(tcp: &mut Tcp, cx: &mut Context<'_>) -> io::Result<usize> {
        let mut bytes = vec![0; 1 << 20];
        let mut all = 0;
        loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut *tcp).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) => all += buffer.filled().len(),
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(all),
            }
        }
    }

    #[tokio::test]
    async fn the_bytes_of_a_poll_and_of_a_connection_are_limited() {
        let (mut tcp, state) = endless().await;
        let _request = state.begin();
        let (mut all, mut most) = (0, 0);
        let failure = loop {
            match poll_fn(|cx| Poll::Ready(drain(&mut tcp, cx))).await {
                Ok(read) => {
                    all += read;
                    most = most.max(read);
                }
                Err(error) => break error,
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(failure.to_string(), FLOODED);
        assert!(most <= 2 * 16 * 1024, "{most} bytes in one poll");
        assert!((256 * 1024..=512 * 1024).contains(&all), "{all} bytes in all");
    }

    #[tokio::test]
    async fn the_reader_is_woken_when_the_connection_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let state = ConnectionState::default();
        let mut tcp = Tcp::new(stream, state.clone(), Permit::some(&Arc::new(Semaphore::new(2))).await);
        let reading = tokio::spawn(async move {
            let mut bytes = [0; 1];
            poll_fn(|cx| Pin::new(&mut tcp).poll_read(cx, &mut ReadBuf::new(&mut bytes))).await
        });
        tokio::task::yield_now().await;
        drop(state.begin());
        assert_eq!(reading.await.unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    }
}
