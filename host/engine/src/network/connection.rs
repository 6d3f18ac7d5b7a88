//! The bytes of a connection: counted, in turns, and over when its link says so.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::link::Link;
use super::pool::Permit;

pub(crate) struct Tcp {
    stream: TcpStream,
    link: Link,
    /// What has been read since the task that reads last waited.
    turn: usize,
    /// Given back when the connection is closed.
    _permit: Permit,
}

impl Tcp {
    pub(crate) fn new(stream: TcpStream, link: Link, permit: Permit) -> Self {
        Self { stream, link, turn: 0, _permit: permit }
    }

    fn check(&self, cx: &Context<'_>) -> io::Result<()> {
        if self.link.is_closed(cx) {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the connection is no longer used"));
        }
        Ok(())
    }
}

impl AsyncRead for Tcp {
    /// Others have their turn after some bytes: a peer that sends without end must not keep the thread.
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        let most = self.link.turn();
        if self.turn >= most {
            self.turn = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let mut polled = self.read(cx, buffer, most);
        if polled.is_pending() && self.link.has_resumed() {
            polled = self.read_at_once(buffer, most);
        }
        let read = buffer.filled().len() - before;
        self.turn = if polled.is_pending() { 0 } else { self.turn + read };
        if !self.link.has_read(read) {
            return Poll::Ready(Err(io::Error::other(FLOODED)));
        }
        polled
    }
}

/// Why a connection is given up whose peer talks without end.
pub(crate) const FLOODED: &str =
    "the server sends too much that is no answer: interim responses, headers, control frames or padding";

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
    /// Reads no more than so much.
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

    /// Reads what the system has, of which tokio may not have been told yet: it asks when there is nothing else to do. So a
    /// request finds out that its connection was closed while that was at rest, and is sent by another; one that is
    /// written to such a connection is lost.
    fn read_at_once(&self, buffer: &mut ReadBuf<'_>, most: usize) -> Poll<io::Result<()>> {
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
            self.link.has_written(*bytes);
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

    /// A connection whose peer sends for ever, and has sent so much already that reading never waits.
    async fn endless() -> (Tcp, Link) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        tokio::spawn(async move { while peer.write_all(&[b'x'; 65536]).await.is_ok() {} });
        stream.readable().await.unwrap();
        let link = Link::default();
        (Tcp::new(stream, link.clone(), Permit::some(&Arc::new(Semaphore::new(2))).await), link)
    }

    /// What one poll of a reader gets that goes on as long as it can.
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
    async fn one_poll_reads_so_much_and_all_of_them_so_much() {
        let (mut tcp, link) = endless().await;
        let _request = link.begin();
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
    async fn who_reads_is_woken_when_the_connection_is_over() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let link = Link::default();
        let mut tcp = Tcp::new(stream, link.clone(), Permit::some(&Arc::new(Semaphore::new(2))).await);
        let reading = tokio::spawn(async move {
            let mut bytes = [0; 1];
            poll_fn(|cx| Pin::new(&mut tcp).poll_read(cx, &mut ReadBuf::new(&mut bytes))).await
        });
        tokio::task::yield_now().await;
        drop(link.begin());
        assert_eq!(reading.await.unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    }
}
