//! Bodies, large and small, both ways.

use bytes::Bytes;
use funcserver_engine::Fault;
use http::{Method, header};
use sha2::{Digest as _, Sha256};

use crate::guest::{answer, fault, get, guest, request, response, text};

/// Bytes in which no part looks like another.
pub(crate) fn body(length: usize) -> Bytes {
    let mut state = 0x9e37_79b9_u32;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[tokio::test]
async fn ten_megabytes_go_in_and_out() {
    let guest = guest();
    for length in [0, 1, 8191, 8192, 8193, 65_536, 1 << 20, 10_000_000] {
        let sent = body(length);
        let response = response(&guest, request(Method::POST, "/echo", sent.clone())).await;
        assert!(response.body() == &sent, "{length} bytes have become {} others", response.body().len());
    }
}

#[tokio::test]
async fn ten_megabytes_are_read_in_small_parts() {
    let sent = body(10_000_000);
    let digest: String = Sha256::digest(&sent).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(text(&guest(), request(Method::POST, "/sum", sent)).await, format!("{digest} -1"));
}

#[tokio::test]
async fn ten_megabytes_are_written_in_parts_of_any_size() {
    let guest = guest();
    for size in [3_000, 8_192, 65_537, 3_000_000, 10_000_000] {
        let response = response(&guest, get(&format!("/bytes?n=10000000&size={size}"))).await;
        assert_eq!(response.body().len(), 10_000_000, "in parts of {size}");
        let part = |i: usize| ((i / size * size + i % size) % 251) as u8;
        let first_wrong = response.body().iter().enumerate().position(|(i, byte)| *byte != part(i));
        assert_eq!(first_wrong, None, "in parts of {size}");
    }
}

#[tokio::test]
async fn a_body_need_not_be_read() {
    assert_eq!(text(&guest(), request(Method::POST, "/unread", body(10_000_000))).await, "not read");
}

#[tokio::test]
async fn what_is_flushed_is_sent() {
    let response = response(&guest(), get("/stream?n=1000")).await;
    assert_eq!(response.headers().get(header::CONTENT_LENGTH), None);
    let lines: Vec<_> = response.body().split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!(lines.len(), 1000);
    assert_eq!(lines[999], b"line 999\n");
}

#[tokio::test]
async fn trailers_do_no_harm() {
    let response = response(&guest(), get("/trailers")).await;
    assert_eq!(response.body(), "text");
    assert_eq!(response.headers()["trailer"], "X-Sum");
}

#[tokio::test]
async fn a_body_shorter_than_stated_is_a_fault() {
    // The handler is ended as soon as that is known, mostly before it can say so itself.
    let (fault, _) = fault(&guest(), "/short").await;
    assert_eq!(fault, Fault::Length { stated: 10, actual: 5 });
}

#[tokio::test]
async fn work_goes_on_after_a_body_of_the_stated_length() {
    let (answer, lines) = answer(&guest(), get("/early")).await;
    assert_eq!(answer.result.unwrap().body(), "early");
    assert_eq!(answer.after.finish().await, None);
    assert!(lines.text().contains("working on"), "{}", lines.text());
}
