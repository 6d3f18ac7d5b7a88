//! Regular and hostile outgoing requests. Their server may be hostile too.

use std::io::Write;

use wasip2::http::types::{Method, OutgoingBody};
use wasip2::io::streams::StreamError;

use super::exchange::{described, request, send, wait};

/// The number of concurrent requests of a flood.
const AT_ONCE: usize = 8;

/// Gets a URL, and describes the response; see [`described`].
pub fn get(url: &str, within: Option<u64>) -> String {
    described(send(request(url, &Method::Get), within).and_then(|response| wait(&response)))
}

pub fn upload(url: &str, bytes: usize) -> String {
    let request = request(url, &Method::Post);
    let body = request.body().expect("a new request's body is not taken");
    let response = match send(request, None) {
        Ok(response) => response,
        error => return described(error.and_then(|response| wait(&response))),
    };
    let mut stream = body.write().expect("a new body's stream is not taken");
    let piece = vec![b'u'; 4096];
    let mut left = bytes;
    while left > 0 && stream.write_all(&piece[..left.min(piece.len())]).is_ok() {
        left = left.saturating_sub(piece.len());
    }
    let _ = stream.flush();
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
    described(wait(&response))
}

pub fn empty_upload(url: &str, count: usize) -> String {
    let request = request(url, &Method::Post);
    let body = request.body().expect("a new request's body is not taken");
    let response = match send(request, None) {
        Ok(response) => response,
        error => return described(error.and_then(|response| wait(&response))),
    };
    let stream = body.write().expect("a new body's stream is not taken");
    for _ in 0..count {
        match stream.check_write() {
            Ok(0) => stream.subscribe().block(),
            Ok(_) if stream.write(&[]).is_ok() => {}
            Ok(_) | Err(StreamError::Closed | StreamError::LastOperationFailed(_)) => break,
        }
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
    described(wait(&response))
}

pub fn flood(url: &str, count: usize) -> String {
    let mut answered = 0;
    for _ in 0..count / AT_ONCE {
        let responses: Vec<_> = (0..AT_ONCE).filter_map(|_| send(request(url, &Method::Get), None).ok()).collect();
        answered += responses.iter().filter(|response| described(wait(response)).starts_with("status=200")).count();
    }
    answered.to_string()
}

pub fn drop_all(url: &str, count: usize) -> String {
    let responses: Vec<_> = (0..count)
        .filter_map(|number| send(request(&url.replace('#', &number.to_string()), &Method::Get), None).ok())
        .collect();
    // After this time some of them have been sent.
    std::thread::sleep(std::time::Duration::from_millis(20));
    drop(responses);
    "dropped".to_owned()
}
