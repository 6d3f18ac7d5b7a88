//! A server of HTTP/1.1 that writes every byte by hand.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use rustix::net::sockopt::set_tcp_cork;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::{Shared, asked, bind};

/// The body of a smuggled response. It belongs to no request, and no handler may receive it.
pub(crate) const POISON: &[u8] = b"poison";

/// The fate of the connection after an answer.
enum Then {
    Keep,
    Close,
    Reset,
    /// Nothing more is sent.
    Mute,
}

pub(super) fn start(address: IpAddr, shared: &Shared) -> u16 {
    let (listener, port) = bind(address);
    let seen = shared.clone();
    shared.listen(listener, move |stream| {
        let seen = seen.clone();
        async move { drop(serve(stream, &seen).await) }
    });
    port
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut rest = Vec::new();
    while let Some(path) = request(&mut stream, &mut rest).await? {
        match answer(&mut stream, &path, shared).await? {
            Then::Keep => {}
            Then::Close => return Ok(()),
            Then::Reset => return stream.set_zero_linger(),
            Then::Mute => std::future::pending().await,
        }
    }
    Ok(())
}

/// The path of the next request. Its body is read only as far as it has arrived, unless the path asks for all of it.
async fn request(stream: &mut TcpStream, rest: &mut Vec<u8>) -> io::Result<Option<String>> {
    let mut piece = [0; 16 * 1024];
    loop {
        if let Some(end) = rest.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&rest[..end]).into_owned();
            rest.drain(..end + 4);
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            if path.starts_with("/take") {
                take_chunks(stream, rest).await?;
            }
            return Ok(Some(path));
        }
        let read = stream.read(&mut piece).await?;
        if read == 0 {
            return Ok(None);
        }
        rest.extend(&piece[..read]);
    }
}

/// Reads a chunked body to its end.
async fn take_chunks(stream: &mut TcpStream, rest: &mut Vec<u8>) -> io::Result<()> {
    let mut piece = [0; 16 * 1024];
    while !rest.ends_with(b"0\r\n\r\n") {
        let read = stream.read(&mut piece).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // Only the end is needed.
        let kept = rest.len().saturating_sub(16);
        rest.drain(..kept);
        rest.extend(&piece[..read]);
    }
    rest.clear();
    Ok(())
}

async fn answer(stream: &mut TcpStream, path: &str, shared: &Shared) -> io::Result<Then> {
    let word = path.split('/').nth(1).unwrap_or_default();
    let body = asked(path);
    match word {
        "ok" | "take" => whole(stream, &body).await?,
        "chunks" => return chunks(stream, &body).await,
        "bare" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            stream.write_all(&body).await?;
            return Ok(Then::Close);
        }
        "slow" => {
            stream.write_all(&head(body.len())).await?;
            for byte in &body {
                stream.write_all(&[*byte]).await?;
                sleep(Duration::from_millis(2)).await;
            }
        }
        "vanish" => {
            // The end of the connection is sent in one segment with the answer, so that the client's next request is
            // certainly too late.
            set_tcp_cork(&*stream, true)?;
            whole(stream, &body).await?;
            stream.shutdown().await?;
            return Ok(Then::Close);
        }
        "many-headers" => {
            let mut text = "HTTP/1.1 200 OK\r\n".to_owned();
            (0..120).for_each(|number| text += &format!("x-{number}: {number}\r\n"));
            stream.write_all(format!("{text}content-length: {}\r\n\r\n", body.len()).as_bytes()).await?;
            stream.write_all(&body).await?;
        }
        "informed" => {
            for _ in 0..5 {
                stream.write_all(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n").await?;
            }
            whole(stream, &body).await?;
        }
        _ => return broken(stream, word, shared).await,
    }
    Ok(Then::Keep)
}

fn head(length: usize) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: {length}\r\n\r\n")
        .into_bytes()
}

async fn whole(stream: &mut TcpStream, body: &[u8]) -> io::Result<()> {
    stream.write_all(&[&head(body.len()), body].concat()).await
}

/// Three chunks, with a pause between them.
async fn chunks(stream: &mut TcpStream, body: &[u8]) -> io::Result<Then> {
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        .await?;
    for chunk in body.chunks(body.len().div_ceil(3).max(1)) {
        stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await?;
        stream.write_all(chunk).await?;
        stream.write_all(b"\r\n").await?;
        sleep(Duration::from_millis(15)).await;
    }
    stream.write_all(b"0\r\n\r\n").await?;
    Ok(Then::Keep)
}

/// Answers that are invalid or incomplete.
async fn broken(stream: &mut TcpStream, word: &str, shared: &Shared) -> io::Result<Then> {
    const OK: &[u8] = b"HTTP/1.1 200 OK\r\n";
    let once: (&[u8], Then) = match word {
        "stall" => (b"", Then::Mute),
        "stall-head" => (b"HTTP/1.1 200 OK\r\nx-half: ", Then::Mute),
        "stall-body" => (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegun", Then::Mute),
        "reset" => {
            shared.count("http reset");
            (b"", Then::Reset)
        }
        "reset-uncounted" => (b"", Then::Reset),
        "close" => {
            shared.count("http close");
            (b"", Then::Close)
        }
        "cut" => (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegun", Then::Close),
        "cut-reset" => (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegun", Then::Reset),
        "cut-chunk" => (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n64\r\nbegun", Then::Close),
        "cut-between" => (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegun\r\n", Then::Close),
        "bad-chunk" => (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegun\r\nzz\r\n", Then::Mute),
        "huge-chunk" => {
            (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\nbegun", Then::Mute)
        }
        "garbage" => (b"\x00\x01\x02 this is no HTTP\r\n\r\n", Then::Mute),
        "two-lengths" => (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nbegun!", Then::Close),
        "bad-length" => (b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nbegun", Then::Close),
        "upgrade" => (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: chaos\r\nconnection: upgrade\r\n\r\n", Then::Mute),
        // The body ends after five bytes. The remaining bytes answer a request that was not sent.
        "smuggle" => {
            let text = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nbegunHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n";
            stream.write_all(text).await?;
            (POISON, Then::Mute)
        }
        _ => {
            flood(stream, word, OK).await?;
            return Ok(Then::Close);
        }
    };
    stream.write_all(once.0).await?;
    Ok(once.1)
}

/// Sends without end.
async fn flood(stream: &mut TcpStream, word: &str, ok: &[u8]) -> io::Result<()> {
    let piece: Vec<u8> = match word {
        "flood-informed" => b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(200),
        "flood-continue" => b"HTTP/1.1 100 Continue\r\n\r\n".repeat(200),
        "flood-headers" => {
            stream.write_all(ok).await?;
            b"x-flood: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n".repeat(200)
        }
        "flood-header" => {
            stream.write_all(ok).await?;
            stream.write_all(b"x-flood: ").await?;
            vec![b'x'; 8192]
        }
        "flood-body" => {
            stream.write_all(ok).await?;
            stream.write_all(b"\r\n").await?;
            vec![b'x'; 8192]
        }
        "flood-chunks" => {
            stream.write_all(ok).await?;
            stream.write_all(b"transfer-encoding: chunked\r\n\r\n").await?;
            b"1\r\nx\r\n".repeat(1000)
        }
        "flood-extension" => {
            stream.write_all(ok).await?;
            stream.write_all(b"transfer-encoding: chunked\r\n\r\n5;").await?;
            vec![b'x'; 8192]
        }
        "flood-trailers" => {
            stream.write_all(ok).await?;
            stream.write_all(b"transfer-encoding: chunked\r\n\r\n5\r\nbegun\r\n0\r\n").await?;
            b"x-flood: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n".repeat(200)
        }
        _ => return Ok(()),
    };
    loop {
        stream.write_all(&piece).await?;
        tokio::task::yield_now().await;
    }
}
