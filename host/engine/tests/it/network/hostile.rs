//! Servers that send bytes of the test's choice, over TCP or TLS, and count what they see.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::server::Identity;

pub struct Hostile {
    port: u16,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    requests: AtomicUsize,
    /// Bytes that were sent as answers.
    sent: AtomicUsize,
    /// Connections that have ended.
    closed: AtomicUsize,
}

/// The reaction of a server to a request.
pub enum Answer {
    /// Sends these bytes, and waits for the next request.
    Bytes(Vec<u8>),
    /// Sends these bytes, and closes the connection.
    Last(Vec<u8>),
    /// Gives the answer after some time.
    Late(Duration, Box<Answer>),
    /// Sends the first bytes once, and the second again and again.
    Endless(Vec<u8>, Vec<u8>),
}

/// The answer to a request by its number and (in HTTP/2) its stream.
pub type Script = fn(usize, u32) -> Answer;

impl Hostile {
    /// HTTP/1.1 over TCP. Requests must not have bodies.
    pub async fn http1(script: Script) -> Self {
        Self::start(None, script).await
    }

    /// HTTP/2 over TLS. The script writes frames.
    pub async fn http2(identity: &Identity, script: Script) -> Self {
        Self::start(Some(TlsAcceptor::from(identity.config())), script).await
    }

    async fn start(tls: Option<TlsAcceptor>, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { port: listener.local_addr().unwrap().port(), counts: Arc::default() };
        let counts = server.counts.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counts.connections.fetch_add(1, SeqCst);
                let (tls, counts) = (tls.clone(), counts.clone());
                tokio::spawn(async move {
                    // The client may close connections at any time.
                    let _ = match tls {
                        None => serve_http1(stream, script, &counts).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve_http2(stream, script, &counts).await,
                            Err(error) => Err(error),
                        },
                    };
                    counts.closed.fetch_add(1, SeqCst);
                });
            }
        });
        server
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn connections(&self) -> usize {
        self.counts.connections.load(SeqCst)
    }

    pub fn requests(&self) -> usize {
        self.counts.requests.load(SeqCst)
    }

    pub fn sent(&self) -> usize {
        self.counts.sent.load(SeqCst)
    }

    /// Waits until the client has closed all its connections.
    pub async fn wait_until_left(&self) {
        let left = async {
            while self.counts.closed.load(SeqCst) < self.connections() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        assert!(timeout(Duration::from_secs(20), left).await.is_ok(), "the client keeps a connection");
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

async fn serve_http1(mut stream: impl Stream, script: Script, counts: &Counts) -> std::io::Result<()> {
    let mut request = Vec::new();
    loop {
        request.push(stream.read_u8().await?);
        if request.ends_with(b"\r\n\r\n") {
            request.clear();
            let number = counts.requests.fetch_add(1, SeqCst) + 1;
            if !give(&mut stream, script(number, 0), counts).await? {
                return Ok(());
            }
        }
    }
}

async fn serve_http2(mut stream: impl Stream, script: Script, counts: &Counts) -> std::io::Result<()> {
    stream.read_exact(&mut [0; 24]).await?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let (kind, flags) = (head[3], head[4]);
        let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        stream.read_exact(&mut vec![0; length as usize]).await?;
        match kind {
            SETTINGS if flags & ACK == 0 => stream.write_all(&frame(SETTINGS, ACK, 0, &[])).await?,
            HEADERS => {
                let number = counts.requests.fetch_add(1, SeqCst) + 1;
                if !give(&mut stream, script(number, id), counts).await? {
                    return Ok(());
                }
            }
            _ => {}
        }
    }
}

/// Sends an answer, and returns whether the connection continues.
async fn give(stream: &mut impl Stream, answer: Answer, counts: &Counts) -> std::io::Result<bool> {
    let (bytes, goes_on) = match answer {
        Answer::Bytes(bytes) => (bytes, true),
        Answer::Last(bytes) => (bytes, false),
        Answer::Late(time, answered) => {
            sleep(time).await;
            return Box::pin(give(stream, *answered, counts)).await;
        }
        Answer::Endless(first, again) => {
            stream.write_all(&first).await?;
            // The client's data is ignored meanwhile.
            let many = again.repeat(1 + 16 * 1024 / again.len());
            loop {
                counts.sent.fetch_add(stream.write(&many).await?, SeqCst);
            }
        }
    };
    counts.sent.fetch_add(bytes.len(), SeqCst);
    stream.write_all(&bytes).await?;
    stream.flush().await?;
    if !goes_on {
        stream.shutdown().await?;
    }
    Ok(goes_on)
}

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;

pub const ACK: u8 = 1;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A response of HTTP/2 without a body: `:status` 200 of the static table.
pub fn fine(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &[0x88])
}

pub fn reset(stream: u32, reason: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &reason.to_be_bytes())
}

pub fn go_away(last: u32, reason: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last.to_be_bytes(), reason.to_be_bytes()].concat())
}
