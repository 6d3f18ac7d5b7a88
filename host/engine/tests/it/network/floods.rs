//! Servers that send without end what is no answer, and requests that end without one.

use std::time::Duration;

use funcserver_engine::{Guest, Notice};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::hostile::{
    ACK, Answer, DATA, END_HEADERS, HEADERS, Hostile, PING, SETTINGS, Script, WINDOW_UPDATE, fine, frame, reset,
};
use super::server::Identity;
use super::{Network, allowing, guest_with, send};
use crate::common::{call, handle, request};

const MIB: usize = 1 << 20;
const CONTINUATION: u8 = 9;

fn endless(first: &[u8], again: &[u8]) -> Answer {
    Answer::Endless(first.to_vec(), again.to_vec())
}

fn guest_of(server: &Hostile, identity: Option<&Identity>) -> (Guest, String) {
    let scheme = if identity.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://127.0.0.1:{}", server.port());
    let network = Network { roots: identity.map(Identity::root), ..allowing(&[&url]) };
    (guest_with(network), url)
}

/// What the guest gets of a server that sends for ever. The client has closed the connection, and has read little.
async fn flooded(server: &Hostile, identity: Option<&Identity>, case: &str) -> (Value, Vec<Notice>) {
    let (guest, url) = guest_of(server, identity);
    let told = send(&guest, &json!({ "url": url })).await;
    server.is_left().await;
    // The kernel's buffers hold some megabytes of what nobody has read.
    assert!(server.sent() < 16 * MIB, "{case}: {} bytes", server.sent());
    assert_eq!(server.requests(), 1, "{case}");
    told
}

fn says_so(notices: &[Notice]) -> bool {
    matches!(notices, [Notice::Failed { reason, .. }] if reason.contains("too much besides the response"))
}

#[tokio::test]
async fn heads_over_http_1_are_bounded() {
    let hints: Script = |_, _| endless(b"", b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
    let small: Script = |_, _| endless(b"", b"HTTP/1.1 100 \r\n\r\n");
    for (case, script) in [("hints", hints), ("small", small)] {
        let (told, notices) = flooded(&Hostile::http1(script).await, None, case).await;
        assert_eq!(told["error"], "HTTP-protocol-error", "{case}");
        assert!(says_so(&notices), "{case}: {notices:?}");
    }
    let line: Script = |_, _| endless(b"HTTP/1.1 200 OK\r\na: ", b"a");
    let lines: Script = |_, _| endless(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n");
    let hint: Script = |_, _| endless(b"HTTP/1.1 103 Early Hints\r\na: ", b"a");
    for (case, script) in [("a line", line), ("lines", lines), ("a hint", hint)] {
        let (told, _) = flooded(&Hostile::http1(script).await, None, case).await;
        assert_eq!(told["error"], "HTTP-response-header-section-size", "{case}");
    }
}

#[tokio::test]
async fn some_interim_responses_are_passed_over() {
    let server = Hostile::http1(|_, _| {
        let mut answer = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(50);
        answer.extend(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        Answer::Bytes(answer)
    })
    .await;
    let identity = Identity::new(&["127.0.0.1"], true);
    let http2 = Hostile::http2(&identity, |_, id| {
        Answer::Bytes([frame(HEADERS, END_HEADERS, id, b"\x08\x03103").repeat(50), fine(id)].concat())
    })
    .await;
    for (server, identity) in [(&server, None), (&http2, Some(&identity))] {
        let (guest, url) = guest_of(server, identity);
        for _ in 0..3 {
            assert_eq!(send(&guest, &json!({ "url": url })).await.0["status"], 200);
        }
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn bodies_over_http_1_that_bring_nothing_are_bounded() {
    const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let extension: Script = |_, _| endless(&[CHUNKED, b"1;a="].concat(), b"a");
    let extensions: Script =
        |_, _| endless(CHUNKED, b"1;a=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\na\r\n");
    let trailer: Script = |_, _| endless(&[CHUNKED, b"0\r\na: "].concat(), b"a");
    let trailers: Script = |_, _| endless(&[CHUNKED, b"0\r\n"].concat(), b"a: b\r\n");
    let zeros: Script = |_, _| endless(CHUNKED, b"0");
    for (case, script) in [
        ("extension", extension),
        ("extensions", extensions),
        ("trailer", trailer),
        ("trailers", trailers),
        ("zeros", zeros),
    ] {
        let (told, notices) = flooded(&Hostile::http1(script).await, None, case).await;
        assert_eq!((&told["status"], &told["whole"]), (&json!(200), &json!(false)), "{case}: {told}");
        assert!(notices.is_empty() || says_so(&notices), "{case}: {notices:?}");
    }
}

#[tokio::test]
async fn frames_in_place_of_an_answer_are_bounded() {
    let identity = Identity::new(&["127.0.0.1"], true);
    let settings: Script = |_, _| endless(b"", &frame(SETTINGS, 0, 0, &[]));
    let acknowledged: Script = |_, _| endless(b"", &frame(SETTINGS, ACK, 0, &[]));
    let pings: Script = |_, _| endless(b"", &frame(PING, 0, 0, &[0; 8]));
    let pongs: Script = |_, _| endless(b"", &frame(PING, ACK, 0, &[0; 8]));
    let windows: Script = |_, id| endless(b"", &frame(WINDOW_UPDATE, 0, id, &[0, 0, 0, 1]));
    let unknown: Script = |_, _| endless(b"", &frame(99, 0, 0, &[]));
    let priorities: Script = |_, id| endless(b"", &frame(2, 0, id, &[0, 0, 0, 0, 1]));
    let hints: Script = |_, id| endless(b"", &frame(HEADERS, END_HEADERS, id, b"\x08\x03103"));
    let resets: Script = |_, id| endless(&fine(id), &reset(id, 8));
    let empty: Script = |_, id| endless(&frame(HEADERS, END_HEADERS, id, &[0x88]), &frame(DATA, 0, id, &[]));
    let padding: Script = |_, id| {
        endless(&frame(HEADERS, END_HEADERS, id, &[0x88]), &frame(DATA, 8, id, &[&[255][..], &[0; 255]].concat()))
    };
    let continued: Script = |_, id| endless(&frame(HEADERS, 0, id, &[0x88]), &frame(CONTINUATION, 0, id, &[]));
    let headers: Script = |_, id| endless(&frame(HEADERS, 0, id, &[0x88]), &frame(CONTINUATION, 0, id, &[0x90; 1000]));
    for (case, script) in [
        ("settings", settings),
        ("acknowledgements", acknowledged),
        ("pings", pings),
        ("pongs", pongs),
        ("windows", windows),
        ("unknown", unknown),
        ("priorities", priorities),
        ("hints", hints),
        ("resets", resets),
        ("empty", empty),
        ("padding", padding),
        ("continued", continued),
        ("headers", headers),
    ] {
        let server = Hostile::http2(&identity, script).await;
        let (told, notices) = flooded(&server, Some(&identity), case).await;
        let refused = !told["error"].is_null() && matches!(notices[..], [Notice::Failed { .. }]);
        let cut = told["whole"] == false;
        let answered_before = case == "resets" && told["status"] == 200;
        assert!(refused || cut || answered_before, "{case}: {told} {notices:?}");
    }
}

/// Bodies in the smallest pieces are bodies.
#[tokio::test]
async fn small_pieces_arrive_whole() {
    const PIECES: usize = 20_000;
    let server = Hostile::http1(|_, _| {
        let mut answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        answer.extend(b"1\r\na\r\n".repeat(PIECES));
        answer.extend(b"0\r\n\r\n");
        Answer::Bytes(answer)
    })
    .await;
    let (guest, url) = guest_of(&server, None);
    let (told, _) = send(&guest, &json!({ "url": url })).await;
    assert_eq!(told["whole"], true);
    assert_eq!(told["body_b64"].as_str().unwrap().len(), PIECES.div_ceil(3) * 4);
}

#[tokio::test]
async fn a_connection_whose_request_ended_without_an_answer_is_closed() {
    let identity = Identity::new(&["127.0.0.1"], true);
    for http2 in [false, true] {
        let server = if http2 {
            Hostile::http2(&identity, |_, _| Answer::Bytes(vec![])).await
        } else {
            Hostile::http1(|_, _| Answer::Bytes(vec![])).await
        };
        let (guest, url) = guest_of(&server, http2.then_some(&identity));
        let (told, _) = send(&guest, &json!({ "url": url, "first_byte_ms": 200 })).await;
        assert_eq!(told["error"], "connection-read-timeout", "http2: {http2}");
        server.is_left().await;

        // The invocation's deadline ends it too.
        let (call, _) = call(Duration::from_millis(300));
        let answer = handle(&guest, request(&format!("fetch:{url}")), call).await;
        assert!(answer.result.is_err());
        answer.after.finish().await;
        server.is_left().await;
        assert_eq!((server.connections(), server.requests()), (2, 2), "http2: {http2}");
    }
}

/// One request of several on a connection that gives up takes nothing away from the others.
#[tokio::test]
async fn others_on_the_connection_are_answered() {
    let identity = Identity::new(&["127.0.0.1"], true);
    let server = Hostile::http2(&identity, |number, id| match number {
        2 => Answer::Bytes(vec![]),
        3 => Answer::Late(Duration::from_secs(4), Box::new(Answer::Bytes(fine(id)))),
        _ => Answer::Bytes(fine(id)),
    })
    .await;
    let (guest, url) = guest_of(&server, Some(&identity));
    let get = |wait: Option<u64>| {
        let (guest, wanted) = (guest.clone(), json!({ "url": url, "first_byte_ms": wait }));
        tokio::spawn(async move { send(&guest, &wanted).await.0 })
    };
    assert_eq!(get(None).await.unwrap()["status"], 200);
    let silent = get(Some(1500));
    while server.requests() < 2 {
        sleep(Duration::from_millis(10)).await;
    }
    let waiting = get(None);
    assert_eq!(silent.await.unwrap()["error"], "connection-read-timeout");
    assert_eq!((server.requests(), server.connections()), (3, 1));
    // The connection takes no new request, and stays for the one that waits.
    assert_eq!(get(None).await.unwrap()["status"], 200);
    assert_eq!(server.connections(), 2);
    assert_eq!(waiting.await.unwrap()["status"], 200);
}
