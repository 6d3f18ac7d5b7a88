//! One HTTP/1.1 connection to the Runtime API. It is opened when it is first needed, and again after it was lost.
//!
//! Every answer is bounded: its head has at most 64 KiB and 100 headers, and its body is read up to a limit that the
//! caller gives. The time for an answer is up to the caller: dropping a call drops its connection.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http::header::{HOST, USER_AGENT};
use http::response::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::unconstrained;
use tokio::time::timeout;

use crate::post_body::PostBody;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("funcserver/", env!("CARGO_PKG_VERSION")));
const HTTP: u16 = 80;
/// The time limit for connecting, which is short because the Runtime API is on the same machine.
const CONNECT: Duration = Duration::from_secs(3);
/// The largest head of an answer. The head of an event has a trace id, a client context of up to 3,583 bytes and the
/// caller's identity. Hyper accepts 100 headers.
const HEAD: usize = 64 * 1024;

/// The most bytes that are read before an answer's head is complete. Interim responses and the part of the body that
/// was read with the head count too.
const UNTIL_HEAD: usize = 1024 * 1024;

/// Sends one request after another. The Runtime API needs no concurrent requests on one connection.
pub(crate) struct Connection {
    /// Host and port, for TCP.
    address: String,
    /// Host and port, as the header `host`.
    host: HeaderValue,
    /// The prefix of every path; empty in Lambda.
    base: String,
    open: Option<Box<Open>>,
    /// The unread body of the last answer. Until it is read, the connection can send no other request.
    body: Option<Incoming>,
}

/// An open connection. It makes progress only while a call polls it, so it needs no task, and a request is written to
/// the socket before the caller yields.
struct Open {
    sender: SendRequest<PostBody>,
    /// `None` once the connection has ended.
    driver: Option<Driver>,
    /// The number of bytes that may be read before the next head is complete. It is unlimited after the head, because
    /// the body has its own limit.
    left: Arc<AtomicUsize>,
    bell: Arc<Bell>,
    /// A waker that rings the bell.
    bell_waker: Waker,
}

type Driver = http1::Connection<TokioIo<Metered>, PostBody>;

/// Limits the bytes that are read from a connection: a server can send interim responses without end, and hyper reads
/// all of them before it yields.
struct Metered {
    stream: TcpStream,
    left: Arc<AtomicUsize>,
}

impl AsyncRead for Metered {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Poll::Ready(Err(io::Error::other("it sends more than 1 MiB without the head of an answer")));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.left.store(left.saturating_sub(buffer.filled().len() - before), Ordering::Relaxed);
        polled
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
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
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }
}

/// Wakes the task that waits for the connection. It is silent while a request is passed to hyper, because the
/// connection is polled right after that, and each wake-up polls the whole task again.
#[derive(Default)]
struct Bell {
    silent: AtomicBool,
    waker: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.silent.load(Ordering::Acquire) {
            self.waker.wake();
        }
    }
}

impl Connection {
    /// A client for the host, the port and the base path of `endpoint`. It does not connect yet.
    pub(crate) fn new(endpoint: &Uri) -> Self {
        let authority = endpoint.authority().map_or("", Authority::as_str);
        Self {
            address: format!("{}:{}", endpoint.host().unwrap_or_default(), endpoint.port_u16().unwrap_or(HTTP)),
            host: HeaderValue::from_str(authority).unwrap_or(HeaderValue::from_static("")),
            base: endpoint.path().trim_end_matches('/').to_owned(),
            open: None,
            body: None,
        }
    }

    /// Sends a request for a path and reads the head of the answer. [`Connection::rest`] reads its body.
    ///
    /// # Errors
    /// Connecting fails, or the connection breaks. If the connection breaks before the request was sent, the request is
    /// sent again on a new connection.
    pub(crate) async fn call(
        &mut self,
        method: &Method,
        path: &str,
        mut headers: HeaderMap,
        body: PostBody,
    ) -> anyhow::Result<Parts> {
        headers.insert(HOST, self.host.clone());
        headers.insert(USER_AGENT, AGENT);
        let mut request = Request::new(body);
        *request.method_mut() = method.clone();
        *request.uri_mut() =
            if self.base.is_empty() { path.parse()? } else { format!("{}{path}", self.base).parse()? };
        *request.headers_mut() = headers;
        self.send(request).await.with_context(|| format!("the Runtime API does not answer {method} {path}"))
    }

    /// Reads the rest of the last answer. Only then can the connection be used again.
    ///
    /// # Errors
    /// The body is longer than `most` bytes, or the connection breaks.
    pub(crate) async fn rest(&mut self, most: usize) -> anyhow::Result<Bytes> {
        let (Some(mut open), Some(body)) = (self.open.take(), self.body.take()) else { return Ok(Bytes::new()) };
        if body.size_hint().lower() > most as u64 {
            bail!("the Runtime API sends {} bytes, where {most} are the most", body.size_hint().lower());
        }
        let whole = open
            .drive(whole(body, most))
            .await
            .with_context(|| format!("the Runtime API does not end what it sends, or sends more than {most} bytes"))?;
        self.open = Some(open);
        Ok(whole)
    }

    /// Goes on sending the body of the last request until `ended` completes: an answer may arrive before.
    pub(crate) async fn send_to_end(&mut self, ended: oneshot::Receiver<()>) {
        if let Some(open) = &mut self.open {
            let _ = open.drive(ended).await;
        }
    }

    /// Closes the connection.
    pub(crate) fn close(&mut self) {
        (self.open, self.body) = (None, None);
    }

    /// Sends a request and expects a status of success and a body of at most `most` bytes.
    ///
    /// # Errors
    /// The errors of [`Connection::call`] and [`Connection::rest`], and any other status.
    pub(crate) async fn ask(
        &mut self,
        method: &Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
        most: usize,
    ) -> anyhow::Result<Parts> {
        let head = self.call(method, path, headers, PostBody::whole(body)).await?;
        accepted(method, path, head.status)?;
        self.rest(most).await?;
        Ok(head)
    }

    async fn send(&mut self, mut request: Request<PostBody>) -> anyhow::Result<Parts> {
        // If a call was dropped before its answer was read, its connection is dropped too: otherwise the next call
        // would read that answer.
        let unread = self.body.take().is_some();
        if let Some(mut open) = self.open.take().filter(|_| !unread)
            && open.is_ready().await
        {
            match open.send(request).await {
                Ok(answer) => return Ok(self.keep(open, answer)),
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(error.into_error().into()),
                },
            }
        }
        let mut open = connect(&self.address).await?;
        let answer = open.send(request).await.map_err(TrySendError::into_error)?;
        Ok(self.keep(open, answer))
    }

    fn keep(&mut self, open: Box<Open>, answer: Response<Incoming>) -> Parts {
        let (head, body) = answer.into_parts();
        (self.open, self.body) = (Some(open), Some(body));
        head
    }
}

impl Open {
    /// Whether the connection accepts a request. This may be true although the server has just closed the connection;
    /// then sending returns the request unsent.
    async fn is_ready(&mut self) -> bool {
        poll_fn(|context| match self.sender.poll_ready(context) {
            Poll::Pending => {
                self.work(context);
                self.sender.poll_ready(context)
            }
            ready => ready,
        })
        .await
        .is_ok()
    }

    async fn send(
        &mut self,
        request: Request<PostBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<PostBody>>> {
        self.bell.silent.store(true, Ordering::Release);
        let sent = self.sender.try_send_request(request);
        self.bell.silent.store(false, Ordering::Release);
        self.left.store(UNTIL_HEAD, Ordering::Relaxed);
        let answer = self.drive(sent).await;
        self.left.store(usize::MAX, Ordering::Relaxed);
        answer
    }

    /// Polls `wanted` and the connection until `wanted` is ready. Only the connection can make it ready, so `wanted`
    /// needs no waker. It runs outside of tokio's budget, because an exhausted budget relies on that waker.
    async fn drive<T>(&mut self, wanted: impl Future<Output = T>) -> T {
        let mut wanted = pin!(unconstrained(wanted));
        poll_fn(|context| {
            let mut quiet = Context::from_waker(Waker::noop());
            if let Poll::Ready(done) = wanted.as_mut().poll(&mut quiet) {
                return Poll::Ready(done);
            }
            self.work(context);
            wanted.as_mut().poll(&mut quiet)
        })
        .await
    }

    /// Polls the connection. If it ends with an error, hyper reports the error to the pending call.
    fn work(&mut self, context: &Context<'_>) {
        self.bell.waker.register(context.waker());
        let mut context = Context::from_waker(&self.bell_waker);
        if self.driver.as_mut().is_some_and(|driver| Pin::new(driver).poll(&mut context).is_ready()) {
            self.driver = None;
        }
    }
}

/// Reads a body of at most `most` bytes. Frames are copied into one buffer, because each would keep its whole read
/// buffer alive.
async fn whole(mut body: Incoming, most: usize) -> anyhow::Result<Bytes> {
    let stated = body.size_hint().exact().and_then(|stated| usize::try_from(stated).ok()).unwrap_or(0);
    let mut whole = Bytes::new();
    let mut pieces = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if data.len() > most - whole.len() - pieces.len() {
            bail!("it is too long");
        }
        if whole.is_empty() && pieces.is_empty() {
            whole = data;
            continue;
        }
        let first = std::mem::take(&mut whole);
        make_room(&mut pieces, first.len() + data.len(), stated, most);
        pieces.extend_from_slice(&first);
        pieces.extend_from_slice(&data);
    }
    Ok(if pieces.is_empty() { whole } else { pieces.into() })
}

/// Makes room for `more` bytes in a buffer that gets `stated` bytes in all, if that is known, and `most` bytes at most. A
/// vector alone would double its room beyond `most`, and the heap keeps the memory that it has had.
fn make_room(buffer: &mut Vec<u8>, more: usize, stated: usize, most: usize) {
    let needed = buffer.len() + more;
    if needed > buffer.capacity() {
        let room = stated.max(2 * buffer.capacity()).min(most).max(needed);
        buffer.reserve_exact(room - buffer.len());
    }
}

/// Returns an error unless the status is a success.
pub(crate) fn accepted(method: &Method, path: &str, status: StatusCode) -> anyhow::Result<()> {
    if !status.is_success() {
        bail!("the Runtime API answered {method} {path} with {status}");
    }
    Ok(())
}

async fn connect(address: &str) -> anyhow::Result<Box<Open>> {
    let stream = timeout(CONNECT, TcpStream::connect(address)).await.map_err(|_| anyhow!("the connection timed out"));
    let stream = stream.and_then(|stream| Ok(stream?)).with_context(|| format!("no connection to {address}"))?;
    stream.set_nodelay(true)?;
    let mut builder = http1::Builder::new();
    builder.max_header_size(HEAD);
    let left = Arc::new(AtomicUsize::new(usize::MAX));
    let (sender, driver) = builder.handshake(TokioIo::new(Metered { stream, left: left.clone() })).await?;
    let bell = Arc::<Bell>::default();
    Ok(Box::new(Open { sender, driver: Some(driver), left, bell_waker: bell.clone().into(), bell }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_gets_room_as_it_grows_and_never_more_than_it_may_have() {
        const MOST: usize = 8 << 20;
        for (stated, piece) in [(0, 1000), (0, 64 << 10), (6 << 20, 16 << 10), (usize::MAX, 3)] {
            let (mut buffer, mut moves) = (Vec::new(), 0);
            while buffer.len() + piece <= MOST {
                let before = buffer.capacity();
                make_room(&mut buffer, piece, stated, MOST);
                moves += usize::from(buffer.capacity() != before);
                assert!(buffer.capacity() >= buffer.len() + piece && buffer.capacity() <= MOST);
                buffer.resize(buffer.len() + piece, 0);
            }
            assert!(moves <= 15, "{moves} times moved");
        }
    }
}
