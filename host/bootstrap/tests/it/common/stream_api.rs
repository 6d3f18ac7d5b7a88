//! A Runtime API that reads streamed replies at its own pace.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use funcserver_local::balancer::{BalancerOptions, event};
use http::Request;

use super::runtime_api::headers;

/// A POST to the Runtime API, as it was read.
#[derive(Debug, Default)]
pub struct Post {
    pub path: String,
    pub head: String,
    pub body: Vec<u8>,
    /// When so many bytes of the body had come.
    pub arrivals: Vec<(SystemTime, usize)>,
    pub trailers: String,
    /// Whether the body has ended in good order.
    pub complete: bool,
}

/// How a streamed reply is read.
#[derive(Clone, Copy, Debug)]
pub enum Reading {
    Fast,
    /// At most so many bytes, each time with a pause.
    Slow(usize, Duration),
    /// Up to so many bytes. Then the connection is reset.
    Reset(usize),
    /// Up to so many bytes, and then nothing for so long.
    Stop(usize, Duration),
}

/// An event of a function URL that makes the test guest do `act`.
pub fn url_event(front: funcserver_events::FrontKind, act: &str) -> Bytes {
    let request = Request::get("/").header("host", "shop.example").header("x-act", act).body(Bytes::new()).unwrap();
    event(request, [127, 0, 0, 1].into(), 80, &BalancerOptions { front, ..BalancerOptions::default() }).unwrap()
}

/// Sends the events one after the other, each with this limit of time, and reads the answer to each.
pub fn serve(events: Vec<(Bytes, Reading)>, time: Duration) -> (String, Receiver<Post>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, receiver) = channel();
    let state = Arc::new(Mutex::new((0, events)));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (state, sender) = (state.clone(), sender.clone());
            std::thread::spawn(move || connection(&stream, &state, time, &sender));
        }
    });
    (address, receiver)
}

type State = Mutex<(usize, Vec<(Bytes, Reading)>)>;

fn connection(stream: &TcpStream, state: &State, time: Duration, posts: &Sender<Post>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::with_capacity(64 << 10, stream);
    loop {
        let mut post = Post::default();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
            if line == "\r\n" {
                break;
            }
            post.head.push_str(&line);
        }
        let mut words = post.head.split(' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        if method == "GET" {
            let (number, event) = {
                let mut state = state.lock().unwrap();
                state.0 += 1;
                (state.0, state.1.get(state.0 - 1).cloned())
            };
            let Some((event, _)) = event else {
                std::thread::sleep(Duration::from_secs(60));
                return None;
            };
            let head = format!("HTTP/1.1 200 OK\r\n{}content-length: {}\r\n\r\n", headers(number, time), event.len());
            (&*stream).write_all(&[head.as_bytes(), &event].concat()).ok()?;
            continue;
        }
        post.path = path;
        let reading = {
            let state = state.lock().unwrap();
            state.1.get(state.0.checked_sub(1)?).map_or(Reading::Fast, |(_, reading)| *reading)
        };
        let read = read_body(&mut reader, &mut post, reading);
        post.complete = read.is_ok();
        let complete = post.complete;
        if let Reading::Reset(_) = reading {
            let _ = stream.shutdown(Shutdown::Both);
        }
        posts.send(post).ok()?;
        if !complete {
            return None;
        }
        (&*stream).write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").ok()?;
    }
}

fn read_body(reader: &mut BufReader<&TcpStream>, post: &mut Post, reading: Reading) -> io::Result<()> {
    let lower = post.head.to_ascii_lowercase();
    if let Some(length) = lower.lines().find_map(|line| line.strip_prefix("content-length: ")) {
        post.body.resize(length.trim().parse().unwrap(), 0);
        return reader.read_exact(&mut post.body);
    }
    assert!(lower.contains("transfer-encoding: chunked"), "{lower}");
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut left = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
        if left == 0 {
            break;
        }
        while left > 0 {
            let most = if let Reading::Slow(most, _) = reading { most } else { 64 << 10 };
            let mut piece = vec![0; left.min(most)];
            let read = reader.read(&mut piece)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            left -= read;
            post.body.extend_from_slice(&piece[..read]);
            post.arrivals.push((SystemTime::now(), post.body.len()));
            match reading {
                Reading::Slow(_, pause) => std::thread::sleep(pause),
                Reading::Reset(at) if post.body.len() >= at => return Err(io::ErrorKind::ConnectionReset.into()),
                Reading::Stop(at, pause) if post.body.len() >= at => {
                    std::thread::sleep(pause);
                    return Err(io::ErrorKind::TimedOut.into());
                }
                _ => {}
            }
        }
        reader.read_line(&mut line)?;
    }
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            return if line.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) };
        }
        post.trailers.push_str(&line);
    }
}

impl Post {
    /// The prelude, and the body after it.
    pub fn parts(&self) -> (serde_json::Value, &[u8]) {
        let end = self.body.windows(8).position(|window| window == [0; 8]).unwrap();
        (serde_json::from_slice(&self.body[..end]).unwrap(), &self.body[end + 8..])
    }

    /// The error in the trailers: its type and its message.
    pub fn error(&self) -> Option<(String, String)> {
        use base64::Engine as _;
        let trailer = |name: &str| {
            self.trailers.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::to_owned)
        };
        let body = trailer("lambda-runtime-function-error-body")?;
        let body = base64::prelude::BASE64_STANDARD.decode(body).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let message = body["errorMessage"].as_str().unwrap().to_owned();
        Some((trailer("lambda-runtime-function-error-type")?, message))
    }

    pub fn is_streamed(&self) -> bool {
        self.head.to_ascii_lowercase().contains("lambda-runtime-function-response-mode: streaming")
    }
}
