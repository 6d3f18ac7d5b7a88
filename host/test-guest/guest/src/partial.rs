//! Answers whose body is not written and finished at once.

use std::thread::sleep;
use std::time::{Duration, SystemTime};

use wasip2::http::types::{Fields, OutgoingRequest, ResponseOutparam};

use crate::body::{Body, fields};
use crate::{blocking, fault};

/// The beginning of each body.
const BEGUN: &[u8] = b"begun";

/// Traps in the middle of the body.
pub fn trap_after_headers(out: ResponseOutparam) {
    let _body = begin(out);
    fault::trap();
}

/// Traps once the body is finished.
pub fn trap_after_body(out: ResponseOutparam) {
    begin(out).finish(None);
    fault::trap();
}

/// Drops the body without finishing it.
pub fn early_drop(out: ResponseOutparam) {
    drop(begin(out));
}

/// States one length, and writes another.
pub fn stated_length(out: ResponseOutparam, bytes: &[u8], stated: usize) {
    let length = stated.to_string();
    let mut body = start(out, &[("content-length", length.as_bytes())]);
    body.write(bytes);
    body.finish(None);
}

/// States a length, writes nothing, and requires that the host accepts this body.
pub fn length_only(out: ResponseOutparam, stated: usize) {
    let length = stated.to_string();
    let body = start(out, &[("content-length", length.as_bytes())]);
    assert!(body.try_finish(), "the host does not take the answer");
}

/// Writes until the host accepts no more.
pub fn endless(out: ResponseOutparam) {
    let mut body = begin(out);
    while body.write(&[b'.'; 4096]) {}
}

/// Returns without finishing or dropping the body.
pub fn open(out: ResponseOutparam) {
    std::mem::forget(begin(out));
}

/// Flushes each of `count` bytes.
pub fn chunks(out: ResponseOutparam, count: u64) {
    let mut body = start(out, &[]);
    for _ in 0..count {
        body.write(b".");
    }
    body.finish(None);
}

/// Writes `count` lines with the time, and waits for `pause` before each.
pub fn pieces(out: ResponseOutparam, count: u64, pause: Duration) {
    let mut body = start(out, &[]);
    for _ in 0..count {
        sleep(pause);
        body.write(now().as_bytes());
    }
    body.finish(None);
}

/// Writes `mebibytes` in pieces of 64 KiB, each of which begins with the time as a line.
pub fn bulk(out: ResponseOutparam, mebibytes: u64) {
    let mut body = start(out, &[]);
    let mut piece = vec![b'.'; 64 << 10];
    for _ in 0..mebibytes * 16 {
        let now = now();
        piece[..now.len()].copy_from_slice(now.as_bytes());
        if !body.write(&piece) {
            return;
        }
    }
    body.finish(None);
}

/// Traps after the head.
pub fn head_trap(out: ResponseOutparam) {
    let _body = start(out, &[]);
    fault::trap();
}

/// Begins its body, lets the host send that, and blocks the host's thread.
pub fn begin_block(out: ResponseOutparam, time: Duration) {
    let body = begin(out);
    sleep(Duration::from_millis(200));
    if let Err(reason) = blocking::block(time) {
        eprintln!("{reason}");
    }
    body.finish(None);
}

/// The time as a line: nanoseconds since the Unix epoch.
fn now() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{}\n", now.as_nanos())
}

/// Ends the body with trailers.
pub fn trailers(out: ResponseOutparam) {
    begin(out).finish(Some(fields([("x-trailer", b"after the body".as_slice())])));
}

/// Finishes the body, continues to work for this time, and prints a line at the end.
pub fn work_after(out: ResponseOutparam, time: Duration) {
    begin(out).finish(None);
    sleep(time);
    println!("worked after the answer");
}

fn begin(out: ResponseOutparam) -> Body {
    let mut body = start(out, &[]);
    body.write(BEGUN);
    body
}

fn start(out: ResponseOutparam, headers: &[(&str, &[u8])]) -> Body {
    Body::start(out, 200, headers.iter().copied()).expect("200 is a status")
}

/// States the lengths 5 and `second` in each possible way. The body says for each way whether it was accepted.
pub fn length_twice(out: ResponseOutparam, second: &str) {
    const LENGTH: &str = "content-length";
    let (five, second) = (b"5".to_vec(), second.as_bytes().to_vec());
    let listed = Fields::from_list(&[(LENGTH.to_owned(), five.clone()), (LENGTH.to_owned(), second.clone())]);
    let set = Fields::new().set(LENGTH, &[five, second.clone()]);
    let headers = fields([(LENGTH, b"5".as_slice())]);
    let appended = headers.append("Content-Length", &second);
    let taken = [listed.is_ok(), set.is_ok(), appended.is_ok()].map(|taken| if taken { 'y' } else { 'n' });
    let mut body = Body::with(out, 200, headers).expect("200 is a status");
    body.write(format!("{}..", String::from_iter(taken)).as_bytes());
    body.finish(None);
}

/// Writes less than it states, and panics when the host rejects that.
pub fn finish_badly(out: ResponseOutparam, stated: usize) {
    let length = stated.to_string();
    let mut body = start(out, &[("content-length", length.as_bytes())]);
    body.write(BEGUN);
    assert!(body.try_finish(), "the host does not take the answer");
}

/// Exits with this status once the body is finished.
pub fn exit_after_body(out: ResponseOutparam, code: i32) {
    begin(out).finish(None);
    std::process::exit(code);
}

/// Writes `count` pieces of a request's body before it sends the request.
pub fn early_sends(count: usize) {
    let request = OutgoingRequest::new(Fields::new());
    let body = request.body().expect("a new request's body is not taken");
    let stream = body.write().expect("a new body's stream is not taken");
    for _ in 0..count {
        stream.blocking_write_and_flush(b".").expect("the host takes a byte");
    }
}
