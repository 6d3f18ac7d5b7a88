//! Answers whose body is not written and finished in one go.

use std::thread::sleep;
use std::time::Duration;

use wasip2::http::types::ResponseOutparam;

use crate::body::{Body, fields};
use crate::fault;

/// What is written of a body before it goes its way.
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

/// States one length, writes another.
pub fn stated_length(out: ResponseOutparam, bytes: &[u8], stated: usize) {
    let length = stated.to_string();
    let mut body = start(out, &[("content-length", length.as_bytes())]);
    body.write(bytes);
    body.finish(None);
}

/// States a length, writes nothing, and insists that this is a body.
pub fn length_only(out: ResponseOutparam, stated: usize) {
    let length = stated.to_string();
    let body = start(out, &[("content-length", length.as_bytes())]);
    assert!(body.try_finish(), "the host does not take the answer");
}

/// Writes until the host takes no more.
pub fn endless(out: ResponseOutparam) {
    let mut body = begin(out);
    while body.write(&[b'.'; 4096]) {}
}

/// Returns with the body neither finished nor dropped.
pub fn open(out: ResponseOutparam) {
    std::mem::forget(begin(out));
}

/// Flushes every one of `count` bytes.
pub fn chunks(out: ResponseOutparam, count: u64) {
    let mut body = start(out, &[]);
    for _ in 0..count {
        body.write(b".");
    }
    body.finish(None);
}

/// Ends the body with trailers.
pub fn trailers(out: ResponseOutparam) {
    begin(out).finish(Some(fields([("x-trailer", b"after the body".as_slice())])));
}

/// Finishes the body, works on for that long and says so on standard output.
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
