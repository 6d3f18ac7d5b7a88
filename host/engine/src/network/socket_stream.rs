//! The bytes of an open TCP connection, between a guest and a server.
//!
//! Nothing is read ahead of the guest but what fits one buffer, and only while the guest waits for it: what a server
//! sends between two requests stays in the kernel. What the guest has written is sent even if it then waits for something
//! else, by a task that ends with the connection.

use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, Bytes, BytesMut};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::task::coop::poll_proceed;

use super::secure::{GSS_REQUEST, Io, NOT_ENCRYPTED, SSL_REQUEST};
use crate::stealable::stealable;

/// The most bytes in a buffer, each way.
pub(crate) const BUFFER: usize = 64 << 10;
/// The most bytes that are read at once: a record of TLS.
const READ: usize = 16 << 10;

/// The most answers to a guest that asks for encryption which it has not read.
const MAX_REFUSALS: usize = 4;

/// A handle to an open connection. It is closed with the last one.
#[derive(Clone)]
pub(crate) struct SocketStream(Arc<Inner>);

struct Inner {
    duplex: Mutex<Duplex>,
    /// Whatever counts the connection.
    _permit: Box<dyn Send + Sync>,
}

struct Duplex {
    io: Box<dyn Io>,
    input: BytesMut,
    /// Why nothing more can be read.
    ended: Option<Result<(), Broken>>,
    /// Who waits for bytes that are not the server's, or for the end.
    reader: Option<Waker>,
    output: BytesMut,
    /// Whether everything up to the end of `output` was handed to the kernel.
    flushed: bool,
    /// Whether the guest waits until everything is sent.
    flushing: bool,
    closing: Closing,
    broken: Option<Broken>,
    writer: Option<Waker>,
    /// The task that sends what the kernel did not take at once.
    sending: Option<AbortHandle>,
    /// The first bytes of the guest, if the host has already asked this PostgreSQL server for TLS.
    preamble: Option<BytesMut>,
}

/// How far the end of the guest's bytes has got.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    Open,
    Wanted,
    Done,
}

/// An error of the connection that can be reported more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken(pub(crate) io::ErrorKind);

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self(error.kind())
    }
}

impl SocketStream {
    /// An open connection. `asked` says that the host has asked a PostgreSQL server for TLS.
    pub(crate) fn new(io: Box<dyn Io>, asked: bool, permit: Box<dyn Send + Sync>) -> Self {
        let duplex = Duplex {
            io,
            input: BytesMut::new(),
            ended: None,
            reader: None,
            output: BytesMut::new(),
            flushed: true,
            flushing: false,
            closing: Closing::Open,
            broken: None,
            writer: None,
            sending: None,
            preamble: asked.then(BytesMut::new),
        };
        Self(Arc::new(Inner { duplex: Mutex::new(duplex), _permit: permit }))
    }

    fn lock(&self) -> MutexGuard<'_, Duplex> {
        self.0.lock()
    }

    /// Reads at most `most` bytes that have come. An empty result means that none has.
    ///
    /// `None` is the end.
    pub(crate) fn read(&self, most: usize) -> Result<Option<Bytes>, Broken> {
        let mut duplex = self.lock();
        if most == 0 && duplex.ended.is_none() {
            return Ok(Some(Bytes::new()));
        }
        let _ = duplex.fill(&mut Context::from_waker(Waker::noop()));
        if !duplex.input.is_empty() {
            let most = most.min(duplex.input.len());
            return Ok(Some(duplex.input.split_to(most).freeze()));
        }
        match duplex.ended {
            None => Ok(Some(Bytes::new())),
            Some(Ok(())) => Ok(None),
            Some(Err(broken)) => Err(broken),
        }
    }

    /// Waits until there is something to read: bytes, the end or an error.
    ///
    /// It takes part in Tokio's budget, because a server may always have sent more: whoever passes it on, in the host, would
    /// otherwise never yield.
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        let turn = ready!(poll_proceed(cx));
        ready!(self.lock().fill(cx));
        turn.made_progress();
        Poll::Ready(())
    }

    /// The number of bytes that can be written. `None` if no more can be.
    pub(crate) fn writable(&self) -> Result<Option<usize>, Broken> {
        let mut duplex = self.lock();
        duplex.advance();
        duplex.room()
    }

    /// Waits until bytes can be written, a flush is complete, or nothing can be written any more.
    pub(crate) fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut duplex = self.lock();
        duplex.advance();
        match duplex.room() {
            Ok(Some(0)) => {}
            _ => return Poll::Ready(()),
        }
        duplex.writer = Some(cx.waker().clone());
        self.send_later(&mut duplex);
        Poll::Pending
    }

    /// Writes bytes, at most as many as there is room for.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Broken> {
        let mut duplex = self.lock();
        duplex.take(bytes);
        duplex.advance();
        duplex.broken.map_or(Ok(()), Err)?;
        self.send_later(&mut duplex);
        Ok(())
    }

    /// Lets nothing more be written until everything is sent.
    pub(crate) fn flush(&self) {
        let mut duplex = self.lock();
        duplex.advance();
        duplex.flushing = !duplex.is_sent();
        self.send_later(&mut duplex);
    }

    /// Ends the guest's bytes, once they are sent.
    pub(crate) fn close_output(&self) {
        let mut duplex = self.lock();
        if duplex.closing == Closing::Open {
            duplex.closing = Closing::Wanted;
            if let Some(preamble) = duplex.preamble.take() {
                duplex.output.unsplit(preamble);
                duplex.flushed = false;
            }
        }
        duplex.advance();
        self.send_later(&mut duplex);
        if let Some(writer) = duplex.writer.take() {
            writer.wake();
        }
    }

    /// Ends the server's bytes for the guest.
    pub(crate) fn close_input(&self) {
        let mut duplex = self.lock();
        duplex.input.clear();
        duplex.ended = Some(Ok(()));
        if let Some(reader) = duplex.reader.take() {
            reader.wake();
        }
    }

    /// Starts the task that sends what is left, if anything is and none is running.
    fn send_later(&self, duplex: &mut Duplex) {
        if duplex.is_sent() || duplex.broken.is_some() || duplex.sending.is_some() {
            return;
        }
        let connection = Arc::downgrade(&self.0);
        let task = tokio::spawn(stealable(std::future::poll_fn(move |cx| poll_send(&connection, cx))));
        duplex.sending = Some(task.abort_handle());
    }
}

/// Sends what is left, and wakes the guest when there is room.
fn poll_send(connection: &Weak<Inner>, cx: &mut Context<'_>) -> Poll<()> {
    let Some(connection) = connection.upgrade() else { return Poll::Ready(()) };
    let mut duplex = connection.lock();
    let sent = duplex.send(cx);
    if !matches!(duplex.room(), Ok(Some(0)))
        && let Some(writer) = duplex.writer.take()
    {
        writer.wake();
    }
    ready!(sent);
    duplex.sending = None;
    Poll::Ready(())
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Duplex> {
        self.duplex.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let mut duplex = self.lock();
        if let Some(sending) = duplex.sending.take() {
            sending.abort();
        }
        // Says goodbye in TLS, if the kernel takes it at once.
        let _ = Pin::new(&mut duplex.io).poll_shutdown(&mut Context::from_waker(Waker::noop()));
    }
}

impl Duplex {
    /// Reads into the buffer if it is empty.
    fn fill(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.input.is_empty() || self.ended.is_some() {
            return Poll::Ready(());
        }
        self.input.reserve(READ);
        let read = pin!(self.io.read_buf(&mut self.input)).poll(cx);
        match read {
            Poll::Pending => {
                self.reader = Some(cx.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(Ok(0)) => self.ended = Some(Ok(())),
            Poll::Ready(Ok(_)) => {}
            // Servers close a connection without the goodbye of TLS. The protocols have their own ends of messages.
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => self.ended = Some(Ok(())),
            Poll::Ready(Err(error)) => self.ended = Some(Err(error.into())),
        }
        Poll::Ready(())
    }

    /// Takes bytes of the guest. A guest may ask a PostgreSQL server for encryption, which the host has already done: it
    /// is told to go on without.
    fn take(&mut self, bytes: &[u8]) {
        let Some(preamble) = &mut self.preamble else {
            self.output.extend_from_slice(bytes);
            self.flushed = false;
            return;
        };
        preamble.extend_from_slice(bytes);
        while let Some(first) = preamble.first_chunk::<8>() {
            // A guest that reads no answer gets no further one.
            if ![SSL_REQUEST, GSS_REQUEST].contains(first) || self.input.len() >= MAX_REFUSALS {
                self.output.unsplit(std::mem::take(preamble));
                self.flushed = false;
                self.preamble = None;
                return;
            }
            preamble.advance(8);
            self.input.extend_from_slice(&[NOT_ENCRYPTED]);
            if let Some(reader) = self.reader.take() {
                reader.wake();
            }
        }
    }

    /// Sends what the kernel takes at once, unless a task is sending.
    fn advance(&mut self) {
        if self.sending.is_none() {
            let _ = self.send(&mut Context::from_waker(Waker::noop()));
        }
    }

    /// Sends everything, and then ends the bytes if the guest has.
    fn send(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.broken.is_some() {
            return Poll::Ready(());
        }
        if let Err(error) = ready!(self.try_send(cx)) {
            self.broken = Some(error.into());
            self.output.clear();
        }
        self.flushing = false;
        Poll::Ready(())
    }

    fn try_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.output.is_empty() {
            match ready!(Pin::new(&mut self.io).poll_write(cx, &self.output))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.output.advance(written),
            }
        }
        if !self.flushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            self.flushed = true;
        }
        if self.closing == Closing::Wanted {
            ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
            self.closing = Closing::Done;
        }
        Poll::Ready(Ok(()))
    }

    fn is_sent(&self) -> bool {
        self.output.is_empty() && self.flushed && self.closing != Closing::Wanted
    }

    /// The number of bytes that can be written. `None` if the guest has ended them.
    fn room(&self) -> Result<Option<usize>, Broken> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        if self.closing != Closing::Open {
            return Ok(None);
        }
        let waiting = self.output.len() + self.preamble.as_ref().map_or(0, BytesMut::len);
        Ok(Some(if self.flushing { 0 } else { BUFFER.saturating_sub(waiting) }))
    }
}

/// A TCP connection that notices at once what the kernel has, even while Tokio does not poll for events: a guest that
/// asks whether an idle connection is still open gets the right answer.
pub(crate) struct Prompt(pub(crate) TcpStream);

impl AsyncRead for Prompt {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.0).poll_read(cx, buffer) {
            return Poll::Ready(read);
        }
        let room = buffer.remaining().min(READ);
        match recv(&self.0, buffer.initialize_unfilled_to(room), RecvFlags::DONTWAIT) {
            Ok((read, _)) => {
                buffer.advance(read);
                Poll::Ready(Ok(()))
            }
            Err(Errno::AGAIN | Errno::INTR) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }
}

impl AsyncWrite for Prompt {
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::{sleep, timeout};

    use super::*;

    fn stream(kernel: usize, asked: bool) -> (SocketStream, DuplexStream) {
        let (ours, theirs) = duplex(kernel);
        (SocketStream::new(Box::new(ours), asked, Box::new(())), theirs)
    }

    async fn readable(stream: &SocketStream) {
        timeout(Duration::from_secs(5), poll_fn(|cx| stream.poll_readable(cx))).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_written_is_sent_while_the_guest_waits_for_something_else() {
        let (stream, mut server) = stream(16, false);
        assert_eq!(stream.writable(), Ok(Some(BUFFER)));
        stream.write(&[7; 1000]).unwrap();
        assert_eq!(stream.writable(), Ok(Some(BUFFER - 1000 + 16)));
        let mut received = [0; 1000];
        server.read_exact(&mut received).await.unwrap();
        assert_eq!(received, [7; 1000]);
    }

    #[tokio::test]
    async fn a_flush_ends_when_everything_is_sent() {
        let (stream, mut server) = stream(16, false);
        stream.write(&[7; 100]).unwrap();
        stream.flush();
        assert_eq!(stream.writable(), Ok(Some(0)));
        let pending = timeout(Duration::from_millis(20), poll_fn(|cx| stream.poll_writable(cx))).await;
        assert!(pending.is_err());
        let reading = tokio::spawn(async move {
            let mut received = [0; 100];
            server.read_exact(&mut received).await.unwrap();
            server
        });
        timeout(Duration::from_secs(5), poll_fn(|cx| stream.poll_writable(cx))).await.unwrap();
        assert_eq!(stream.writable(), Ok(Some(BUFFER)));
        reading.await.unwrap();
    }

    #[tokio::test]
    async fn both_ends_are_seen() {
        let (stream, mut server) = stream(16, false);
        server.write_all(b"bye").await.unwrap();
        stream.write(b"last").unwrap();
        stream.close_output();
        assert_eq!(stream.writable(), Ok(None));
        let mut received = Vec::new();
        server.read_to_end(&mut received).await.unwrap();
        assert_eq!(received, b"last");
        drop(server);
        readable(&stream).await;
        assert_eq!(stream.read(2).unwrap().unwrap()[..], b"by"[..]);
        assert_eq!(stream.read(9).unwrap().unwrap()[..], b"e"[..]);
        readable(&stream).await;
        assert_eq!(stream.read(9), Ok(None));
    }

    #[tokio::test]
    async fn an_unread_connection_is_not_read_ahead() {
        let (stream, mut server) = stream(16, false);
        server.write_all(&[1; 16]).await.unwrap();
        sleep(Duration::from_millis(10)).await;
        let more = timeout(Duration::from_millis(20), server.write_all(&[1; 16])).await;
        assert!(more.is_err(), "the guest reads nothing");
        assert_eq!(stream.read(99).unwrap().unwrap().len(), 16);
    }

    #[tokio::test]
    async fn the_task_that_sends_ends_with_the_connection() {
        let (stream, server) = stream(16, false);
        stream.write(&[7; 1000]).unwrap();
        drop(stream);
        sleep(Duration::from_millis(10)).await;
        assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
        drop(server);
    }

    #[tokio::test]
    async fn a_guest_that_asks_for_encryption_is_told_to_go_on_without() {
        let (stream, mut server) = stream(64, true);
        stream.write(&GSS_REQUEST[..3]).unwrap();
        assert_eq!(stream.read(1).unwrap().unwrap().len(), 0);
        stream.write(&GSS_REQUEST[3..]).unwrap();
        assert_eq!(stream.read(9).unwrap().unwrap()[..], b"N"[..]);
        stream.write(&SSL_REQUEST).unwrap();
        readable(&stream).await;
        assert_eq!(stream.read(9).unwrap().unwrap()[..], b"N"[..]);
        stream.write(&[0, 0, 0, 9, 0, 3, 0, 0, 0]).unwrap();
        stream.write(&SSL_REQUEST).unwrap();
        let mut received = [0; 17];
        server.read_exact(&mut received).await.unwrap();
        assert_eq!(received[..9], [0, 0, 0, 9, 0, 3, 0, 0, 0]);
        assert_eq!(received[9..], SSL_REQUEST);
    }
}
