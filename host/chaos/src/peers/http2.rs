//! Servers of HTTP/2 over TLS. One behaves well. The others write their frames by hand.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio_rustls::server::TlsStream;

use super::certificate::{Certificates, Shown};
use super::tls::whole;
use super::{Shared, bind};

type Servers = BTreeMap<&'static str, (&'static str, u16)>;
type Stream = TlsStream<tokio::net::TcpStream>;

const PREFACE: usize = 24;
// Frame types, RFC 9113 section 6.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const UNKNOWN: u8 = 0x20;
// Flags.
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;
// Fields in HPACK, RFC 7541.
const STATUS_200: &[u8] = &[0x88];
const STATUS_103: &[u8] = b"\x08\x03103";
const LENGTH_100: &[u8] = b"\x0f\x0d\x03100";

/// The names of the servers, by what they do.
const BAD: &[&str] = &[
    "h2-mute",
    "h2-settled",
    "h2-refused",
    "h2-cancel",
    "h2-internal",
    "h2-calm",
    "h2-no-error",
    "h2-goaway",
    "h2-goaway-late",
    "h2-close",
    "h2-reset-body",
    "h2-close-body",
    "h2-short",
    "h2-window",
    "h2-no-window",
    "h2-push",
    "h2-wrong-stream",
    "h2-big-frame",
    "h2-bomb",
    "h2-ping-flood",
    "h2-settings-flood",
    "h2-empty-flood",
    "h2-continuation-flood",
    "h2-priority-flood",
    "h2-unknown-flood",
    "h2-window-flood",
    "h2-reset-flood",
    "h2-informed-flood",
    "h2-body-flood",
];

pub(super) fn start(address: IpAddr, shared: &Shared, certificates: &Certificates, servers: &mut Servers) {
    let acceptor = certificates.acceptor(Shown::Good, &[b"h2"]);
    let (listener, port) = bind(address);
    servers.insert("h2", ("https", port));
    let good = acceptor.clone();
    shared.listen(listener, move |stream| {
        let acceptor = good.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let served = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let _ = served.serve_connection(TokioIo::new(stream), service_fn(whole)).await;
        }
    });
    for name in BAD {
        let (listener, port) = bind(address);
        servers.insert(name, ("https", port));
        let (acceptor, seen) = (acceptor.clone(), shared.clone());
        shared.listen(listener, move |stream| {
            let (acceptor, seen) = (acceptor.clone(), seen.clone());
            async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let _ = serve(stream, name, &seen).await;
            }
        });
    }
}

async fn serve(stream: Stream, name: &'static str, seen: &Shared) -> io::Result<()> {
    if name == "h2-mute" {
        let _kept = stream;
        return std::future::pending().await;
    }
    let (mut from, to) = split(stream);
    let mut to = Frames(to);
    from.read_exact(&mut [0; PREFACE]).await?;
    // A window of zero for the server with that misbehaviour, and otherwise the defaults.
    let settings: &[u8] = if name == "h2-no-window" { b"\x00\x04\x00\x00\x00\x00" } else { b"" };
    to.frame(SETTINGS, 0, 0, settings).await?;
    loop {
        let (kind, flags, id) = frame(&mut from).await?;
        match kind {
            SETTINGS if flags & ACK == 0 => to.frame(SETTINGS, ACK, 0, b"").await?,
            PING if flags & ACK == 0 => to.frame(PING, ACK, 0, &[0; 8]).await?,
            HEADERS => {
                seen.count(name);
                if !answer(&mut to, &mut from, name, id).await? {
                    return Ok(());
                }
            }
            _ => {}
        }
    }
}

/// Reads a frame: its type, flags and stream.
async fn frame(from: &mut ReadHalf<Stream>) -> io::Result<(u8, u8, u32)> {
    let mut head = [0; 9];
    from.read_exact(&mut head).await?;
    let length = u64::from(u32::from_be_bytes([0, head[0], head[1], head[2]]));
    tokio::io::copy(&mut from.take(length), &mut tokio::io::sink()).await?;
    Ok((head[3], head[4], u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff))
}

/// Misbehaves by name in response to a request. Returns false if the connection must be closed.
async fn answer(to: &mut Frames, from: &mut ReadHalf<Stream>, name: &str, id: u32) -> io::Result<bool> {
    match name {
        "h2-settled" | "h2-no-window" => {}
        "h2-refused" => to.reset(id, 7).await?,
        "h2-cancel" => to.reset(id, 8).await?,
        "h2-internal" => to.reset(id, 2).await?,
        "h2-calm" => to.reset(id, 11).await?,
        "h2-no-error" => to.reset(id, 0).await?,
        "h2-goaway" => {
            to.frame(GOAWAY, 0, 0, &[0; 8]).await?;
            return Ok(false);
        }
        "h2-goaway-late" => {
            to.frame(GOAWAY, 0, 0, &[id.to_be_bytes(), 2_u32.to_be_bytes()].concat()).await?;
            return Ok(false);
        }
        "h2-close" => return Ok(false),
        "h2-reset-body" => {
            to.begun(id).await?;
            to.reset(id, 2).await?;
        }
        "h2-close-body" => {
            to.begun(id).await?;
            return Ok(false);
        }
        "h2-short" => {
            to.frame(HEADERS, END_HEADERS, id, &[STATUS_200, LENGTH_100].concat()).await?;
            to.frame(DATA, END_STREAM, id, b"begun").await?;
        }
        "h2-window" => {
            to.frame(WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes()).await?;
            to.frame(WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes()).await?;
        }
        "h2-push" => to.frame(PUSH_PROMISE, END_HEADERS, id, &[&2_u32.to_be_bytes(), STATUS_200].concat()).await?,
        "h2-wrong-stream" => to.frame(HEADERS, END_HEADERS | END_STREAM, id + 100, STATUS_200).await?,
        "h2-big-frame" => to.frame(DATA, 0, id, &vec![b'x'; 1 << 20]).await?,
        "h2-bomb" => {
            // One field of 4,000 bytes is added to the table, and is then referenced 10,000 times.
            let mut block = b"\x88\x40\x01x\x7f\xa1\x1e".to_vec();
            block.extend(vec![b'x'; 4000]);
            block.extend(vec![0xbe; 10_000]);
            to.frame(HEADERS, END_HEADERS, id, &block).await?;
        }
        _ => flood(to, from, name, id).await?,
    }
    Ok(true)
}

/// Sends without end. Frames from the client are read and ignored.
async fn flood(to: &mut Frames, from: &mut ReadHalf<Stream>, name: &str, id: u32) -> io::Result<()> {
    let mut sink = tokio::io::sink();
    tokio::select! {
        done = tokio::io::copy(from, &mut sink) => drop(done),
        done = frames(to, name, id) => done?,
    }
    Err(io::ErrorKind::ConnectionAborted.into())
}

async fn frames(to: &mut Frames, name: &str, id: u32) -> io::Result<()> {
    if name == "h2-continuation-flood" {
        to.frame(HEADERS, 0, id, STATUS_200).await?;
    } else if matches!(name, "h2-empty-flood" | "h2-body-flood") {
        to.frame(HEADERS, END_HEADERS, id, STATUS_200).await?;
    }
    let one = match name {
        "h2-ping-flood" => bytes(PING, 0, 0, &[7; 8]),
        "h2-settings-flood" => bytes(SETTINGS, 0, 0, b"\x00\x03\x00\x00\x00\x64"),
        "h2-empty-flood" => bytes(DATA, 0, id, b""),
        "h2-continuation-flood" => bytes(CONTINUATION, 0, id, b"\x00\x01x\x01x"),
        "h2-priority-flood" => bytes(PRIORITY, 0, id, &[0, 0, 0, 0, 7]),
        "h2-unknown-flood" => bytes(UNKNOWN, 0, id, b"what is this"),
        "h2-window-flood" => bytes(WINDOW_UPDATE, 0, id, &1_u32.to_be_bytes()),
        "h2-reset-flood" => bytes(RST_STREAM, 0, id, &2_u32.to_be_bytes()),
        "h2-informed-flood" => bytes(HEADERS, END_HEADERS, id, STATUS_103),
        _ => bytes(DATA, 0, id, &[b'x'; 1000]),
    };
    let many = one.repeat(8192_usize.div_ceil(one.len()));
    loop {
        to.0.write_all(&many).await?;
        to.0.flush().await?;
        tokio::task::yield_now().await;
    }
}

struct Frames(WriteHalf<Stream>);

impl Frames {
    async fn frame(&mut self, kind: u8, flags: u8, id: u32, payload: &[u8]) -> io::Result<()> {
        self.0.write_all(&bytes(kind, flags, id, payload)).await?;
        self.0.flush().await
    }

    async fn reset(&mut self, id: u32, code: u32) -> io::Result<()> {
        self.frame(RST_STREAM, 0, id, &code.to_be_bytes()).await
    }

    /// Starts a response and its body.
    async fn begun(&mut self, id: u32) -> io::Result<()> {
        self.frame(HEADERS, END_HEADERS, id, STATUS_200).await?;
        self.frame(DATA, 0, id, b"begun").await
    }
}

fn bytes(kind: u8, flags: u8, id: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &id.to_be_bytes(), payload].concat()
}
