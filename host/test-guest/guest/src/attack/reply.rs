//! Answers with many, empty, early or huge parts.

use wasip2::http::types::{ErrorCode, OutgoingBody, OutgoingResponse, ResponseOutparam};

use super::time;
use crate::answer::Answer;
use crate::body::fields;
use crate::seen::Seen;

pub fn echo(seen: &Seen, out: ResponseOutparam) {
    match seen.body() {
        Ok(body) => {
            let headers = vec![("content-type".to_owned(), b"application/octet-stream".to_vec())];
            Answer { status: 200, headers, body }.send(out);
        }
        Err(reason) => Answer::text(400, reason).send(out),
    }
}

pub fn spin_after(out: ResponseOutparam) {
    Answer::text(200, "answered").send(out);
    time::call()
}

pub fn headers(out: ResponseOutparam, count: usize, bytes: usize) {
    let value = vec![b'x'; bytes];
    let headers = (0..count).map(|number| (format!("x-{number}"), value.clone())).collect();
    Answer { status: 200, headers, body: b"headers".to_vec() }.send(out);
}

pub fn cookies(out: ResponseOutparam, count: usize) {
    let cookie = |number| ("set-cookie".to_owned(), format!("c{number}=1").into_bytes());
    Answer { status: 200, headers: (0..count).map(cookie).collect(), body: b"cookies".to_vec() }.send(out);
}

pub fn empty_writes(out: ResponseOutparam, count: usize) {
    let response = OutgoingResponse::new(fields([("content-type", b"text/plain".as_slice())]));
    let body = response.body().expect("a new response's body is not taken");
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().expect("a new body's stream is not taken");
    for _ in 0..count {
        match stream.check_write() {
            Ok(0) => stream.subscribe().block(),
            Ok(_) if stream.write(&[]).is_ok() => {}
            _ => break,
        }
    }
    stream.blocking_write_and_flush(b"written").expect("the host takes the text");
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

pub fn early_writes(out: ResponseOutparam, count: usize) {
    let response = OutgoingResponse::new(fields([("content-type", b"text/plain".as_slice())]));
    let body = response.body().expect("a new response's body is not taken");
    let stream = body.write().expect("a new body's stream is not taken");
    for _ in 0..count {
        while let Ok(0) = stream.check_write() {
            stream.subscribe().block();
        }
        stream.write(b".").expect("the host takes a byte");
    }
    ResponseOutparam::set(out, Ok(response));
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

pub fn error_text(out: ResponseOutparam, bytes: usize) {
    ResponseOutparam::set(out, Err(ErrorCode::InternalError(Some("\u{1}".repeat(bytes)))));
}
