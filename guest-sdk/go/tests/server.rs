//! A server for the guest's own requests: enough of HTTP/1.1 for one request a connection.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// A server on loopback, which answers until the tests end.
pub(crate) struct Server {
    port: u16,
}

/// What a client has sent.
struct Received {
    method: String,
    path: String,
    twice: usize,
    body: Vec<u8>,
}

impl Server {
    pub(crate) fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // If the client closes the connection, there is no answer to write.
                thread::spawn(move || answer(stream));
            }
        });
        Server { port }
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// `/slow` takes 300 ms, `/trickle` sends its body in two halves as far apart, `/never` says nothing for long, and all
/// else mirrors the body.
fn answer(stream: TcpStream) -> io::Result<()> {
    let mut writer = stream.try_clone()?;
    let received = receive(&mut BufReader::new(stream))?;
    let pause = Duration::from_millis(300);
    match received.path.as_str() {
        "/slow" => thread::sleep(pause),
        "/never" => thread::sleep(pause * 20),
        "/trickle" => {
            write!(writer, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nfirst half, ")?;
            writer.flush()?;
            thread::sleep(pause);
            return write!(writer, "second half");
        }
        _ => {}
    }
    let body = match received.body.is_empty() {
        true => format!("{} {}", received.method, received.path).into_bytes(),
        false => received.body,
    };
    let length = body.len();
    write!(writer, "HTTP/1.1 201 Created\r\nconnection: close\r\ncontent-length: {length}\r\n")?;
    for i in 0..received.twice {
        write!(writer, "x-twice: {i}\r\n")?;
    }
    write!(writer, "\r\n")?;
    if received.method != "HEAD" {
        writer.write_all(&body)?;
    }
    Ok(())
}

fn receive(reader: &mut impl BufRead) -> io::Result<Received> {
    let first = line(reader)?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (mut length, mut chunked, mut twice) = (0, false, 0);
    loop {
        let field = line(reader)?.to_ascii_lowercase();
        match field.split_once(": ") {
            None => break,
            Some(("content-length", value)) => length = value.parse().map_err(io::Error::other)?,
            Some(("transfer-encoding", _)) => chunked = true,
            Some(("x-twice", _)) => twice += 1,
            Some(_) => {}
        }
    }
    let mut body = Vec::new();
    if chunked {
        loop {
            let size = u64::from_str_radix(&line(reader)?, 16).map_err(io::Error::other)?;
            reader.by_ref().take(size).read_to_end(&mut body)?;
            line(reader)?;
            if size == 0 {
                break;
            }
        }
    } else {
        reader.by_ref().take(length).read_to_end(&mut body)?;
    }
    Ok(Received { method, path, twice, body })
}

fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}
