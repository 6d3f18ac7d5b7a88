//! HTTP/1.1 by hand, so that the tests control every byte.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request, with the part of it that was read.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The time of its first byte.
    pub(crate) arrived: Instant,
    length: usize,
}

pub(crate) struct Wire {
    stream: TcpStream,
    /// Bytes that were read and do not belong to a request yet.
    rest: Vec<u8>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Self {
        let _ = stream.set_nodelay(true);
        Self { stream, rest: Vec::new() }
    }

    /// The head of the next request, or `None` at the end of the connection.
    pub(crate) async fn request(&mut self) -> io::Result<Option<Request>> {
        let mut arrived = (!self.rest.is_empty()).then(Instant::now);
        let end = loop {
            if let Some(end) = self.rest.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if !self.more().await? {
                return Ok(None);
            }
            arrived.get_or_insert_with(Instant::now);
        };
        let head: Vec<u8> = self.rest.drain(..end).collect();
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let length = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, value)| value.trim().parse().unwrap_or(0));
        Ok(Some(Request { method, path, arrived: arrived.unwrap_or_else(Instant::now), length }))
    }

    /// The body of the request. If `slowly` is set, it is read in small pieces with a pause after each.
    pub(crate) async fn body(&mut self, request: &Request, slowly: Option<Duration>) -> io::Result<Vec<u8>> {
        while self.rest.len() < request.length {
            if !self.more().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(pause) = slowly {
                tokio::time::sleep(pause).await;
            }
        }
        Ok(self.rest.drain(..request.length).collect())
    }

    /// Reads at least half of the body.
    pub(crate) async fn half(&mut self, request: &Request) -> io::Result<()> {
        while self.rest.len() < request.length / 2 && self.more().await? {}
        Ok(())
    }

    async fn more(&mut self) -> io::Result<bool> {
        let mut piece = [0; 16 * 1024];
        let read = self.stream.read(&mut piece).await?;
        self.rest.extend(&piece[..read]);
        Ok(read > 0)
    }

    /// Returns when the other side has closed the connection.
    pub(crate) async fn closed(&self) {
        let mut byte = [0];
        loop {
            match self.stream.peek(&mut byte).await {
                Ok(1..) => std::future::pending().await,
                Ok(0) | Err(_) => return,
            }
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Writes in twelve pieces.
    pub(crate) async fn write_slowly(&mut self, bytes: &[u8], in_all: Duration) -> io::Result<()> {
        for piece in bytes.chunks(bytes.len().div_ceil(12).max(1)) {
            self.write(piece).await?;
            tokio::time::sleep(in_all / 12).await;
        }
        Ok(())
    }

    /// Writes a response with only a status and headers.
    pub(crate) async fn status(&mut self, status: u16, headers: &str) -> io::Result<()> {
        self.write(format!("HTTP/1.1 {status} Status\r\n{headers}content-length: 0\r\n\r\n").as_bytes()).await
    }

    pub(crate) fn reset(self) {
        let _ = self.stream.set_zero_linger();
    }
}
