//! One HTTP/1.1 connection to the Runtime API, made when it is first needed, and anew when it is gone.
//!
//! Nothing that comes over it is believed to end: each answer has a head of at most 64 KiB and 100 headers, and a body that
//! is read up to a limit of its own. How long an answer may take is the caller's affair: whoever drops a call drops the
//! connection with it.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use bytes::{Bytes, BytesMut};
use futures_util::task::AtomicWaker;
use http::header::{HOST, USER_AGENT};
use http::response::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::unconstrained;
use tokio::time::timeout;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("funcserver/", env!("CARGO_PKG_VERSION")));
const HTTP: u16 = 80;
/// How long TCP may take: the Runtime API is on the same machine.
const CONNECT: Duration = Duration::from_secs(3);
/// The largest head of an answer. An event's has a trace, a client context of 3,583 bytes and the facts of a caller; hyper
/// takes 100 headers.
const HEAD: usize = 64 * 1024;

/// The most that is read until an answer's head has come, interim responses and what is read ahead of its body included.
const UNTIL_HEAD: usize = 1024 * 1024;

/// For one request after the other: the Runtime API has nothing that one connection could do at once.
pub(crate) struct Connection {
    /// Host and port, as TCP wants them.
    address: String,
    /// The same as the header `host`.
    host: HeaderValue,
    /// What every path begins with; empty in Lambda.
    base: String,
    open: Option<Box<Open>>,
    /// What is still to be read of the last answer. With it, the connection is good for no other request.
    body: Option<Incoming>,
}

/// A connection that is there. It moves only while somebody waits for it: so it needs no task, and what is sent is handed to
/// the system before whoever sends it lets others run.
struct Open {
    sender: SendRequest<Full<Bytes>>,
    /// None once it has ended.
    driver: Option<Driver>,
    /// What may be read until the next head has come; without an end afterwards, where the body's own limit counts.
    left: Arc<AtomicUsize>,
    bell: Arc<Bell>,
    /// The bell, as the driver is given it.
    rope: Waker,
}

type Driver = http1::Connection<TokioIo<Metered>, Full<Bytes>>;

/// The bytes of a connection, so many of which may still be read: interim responses may come without end, and hyper reads them
/// all before it lets anything else run.
struct Metered {
    stream: TcpStream,
    left: Arc<AtomicUsize>,
}

impl AsyncRead for Metered {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Poll::Ready(Err(io::Error::other("it sends too much that is no answer")));
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

/// Wakes whoever waits for the connection. It is silent while a request is handed over, after which the connection is let
/// work anyway: each waking lets all that waits be looked at once more.
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
    /// To the host, the port and below the path of `endpoint`. Nothing is sent yet.
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

    /// Sends a request for a path, and reads the head of the answer; [`Connection::rest`] reads its body.
    ///
    /// # Errors
    /// There is no connection, or it breaks. A request that was not sent for that is sent once more.
    pub(crate) async fn call(
        &mut self,
        method: &Method,
        path: &str,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> anyhow::Result<Parts> {
        headers.insert(HOST, self.host.clone());
        headers.insert(USER_AGENT, AGENT);
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method.clone();
        *request.uri_mut() =
            if self.base.is_empty() { path.parse()? } else { format!("{}{path}", self.base).parse()? };
        *request.headers_mut() = headers;
        self.send(request).await.with_context(|| format!("the Runtime API does not answer {method} {path}"))
    }

    /// Reads what is left of the last answer: only then can the connection be used again.
    ///
    /// # Errors
    /// It is longer than `most` bytes, or the connection breaks.
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

    /// Calls, for nothing but a status of success and a body of at most `most` bytes.
    ///
    /// # Errors
    /// Those of [`Connection::call`] and [`Connection::rest`], and any other status.
    pub(crate) async fn ask(
        &mut self,
        method: &Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
        most: usize,
    ) -> anyhow::Result<Parts> {
        let head = self.call(method, path, headers, body).await?;
        accepted(method, path, head.status)?;
        self.rest(most).await?;
        Ok(head)
    }

    async fn send(&mut self, mut request: Request<Full<Bytes>>) -> anyhow::Result<Parts> {
        // A call that is dropped takes its connection along, as the answer to it would be taken for that to another.
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
    /// Whether it takes a request. One that the other side has closed meanwhile may seem to; it gives the request back.
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
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>> {
        self.bell.silent.store(true, Ordering::Release);
        let sent = self.sender.try_send_request(request);
        self.bell.silent.store(false, Ordering::Release);
        self.left.store(UNTIL_HEAD, Ordering::Relaxed);
        let answer = self.drive(sent).await;
        self.left.store(usize::MAX, Ordering::Relaxed);
        answer
    }

    /// Waits for what it is to bring, and lets it work meanwhile. Nobody else can bring that, so that it need wake nobody,
    /// and it is not under tokio's budget, which once it is used up counts on being woken.
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

    /// Sends and receives. With what error it ends, those who wait are told by hyper, once it is gone.
    fn work(&mut self, context: &Context<'_>) {
        self.bell.waker.register(context.waker());
        let mut context = Context::from_waker(&self.rope);
        if self.driver.as_mut().is_some_and(|driver| Pin::new(driver).poll(&mut context).is_ready()) {
            self.driver = None;
        }
    }
}

/// The body, of so many bytes at most. Pieces are put together as they come: kept apart, each would keep what it was read into.
async fn whole(mut body: Incoming, most: usize) -> anyhow::Result<Bytes> {
    let mut whole = Bytes::new();
    let mut pieces = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if data.len() > most - whole.len() - pieces.len() {
            bail!("it is longer");
        }
        if whole.is_empty() && pieces.is_empty() {
            whole = data;
            continue;
        }
        pieces.extend_from_slice(&std::mem::take(&mut whole));
        pieces.extend_from_slice(&data);
    }
    Ok(if pieces.is_empty() { whole } else { pieces.freeze() })
}

/// An error, unless the status is one of success.
pub(crate) fn accepted(method: &Method, path: &str, status: StatusCode) -> anyhow::Result<()> {
    if !status.is_success() {
        bail!("the Runtime API answered {method} {path} with {status}");
    }
    Ok(())
}

async fn connect(address: &str) -> anyhow::Result<Box<Open>> {
    let stream = timeout(CONNECT, TcpStream::connect(address)).await.map_err(|_| anyhow!("nobody answers"));
    let stream = stream.and_then(|stream| Ok(stream?)).with_context(|| format!("no connection to {address}"))?;
    stream.set_nodelay(true)?;
    let mut builder = http1::Builder::new();
    builder.max_header_size(HEAD);
    let left = Arc::new(AtomicUsize::new(usize::MAX));
    let (sender, driver) = builder.handshake(TokioIo::new(Metered { stream, left: left.clone() })).await?;
    let bell = Arc::<Bell>::default();
    Ok(Box::new(Open { sender, driver: Some(driver), left, rope: bell.clone().into(), bell }))
}
