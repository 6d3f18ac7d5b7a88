//! The requests that may reach a server twice.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use funcserver_engine::Guest;
use serde_json::{Value, json};

use super::hostile::{Answer, Hostile, Script, fine, go_away, reset};
use super::server::Identity;
use super::{Network, allowing, guest_with, send};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const REFUSED_STREAM: u32 = 7;
const INTERNAL_ERROR: u32 = 2;

/// The result of a second request on a connection, with this method.
async fn second(guest: &Guest, url: &str, method: &str) -> Value {
    let (first, notices) = send(guest, &json!({ "url": url })).await;
    assert_eq!(first["status"], 200, "{first} {notices:?}");
    send(guest, &json!({ "url": url, "method": method, "body_b64": (method == "PUT").then_some("QQ==") })).await.0
}

/// Checks how often the server sees the second request, and on how many connections requests arrive.
async fn check(guest: &Guest, server: &Hostile, url: &str, method: &str, expected: (Value, usize, usize), case: &str) {
    let told = second(guest, url, method).await;
    let outcome = if told["error"].is_null() { &told["status"] } else { &told["error"] };
    let seen = (outcome.clone(), server.requests() - 1, server.connections());
    assert_eq!(seen, expected, "{case} {method}: {told}");
}

#[tokio::test]
async fn over_http_1() {
    let close: Script = |number, _| if number == 2 { Answer::Last(vec![]) } else { Answer::Bytes(OK.to_vec()) };
    let always: Script = |number, _| if number >= 2 { Answer::Last(vec![]) } else { Answer::Bytes(OK.to_vec()) };
    let cut: Script =
        |number, _| if number == 2 { Answer::Last(b"HTTP/1.1 200".to_vec()) } else { Answer::Bytes(OK.to_vec()) };
    let nonsense: Script =
        |number, _| if number == 2 { Answer::Last(b"nonsense\r\n\r\n".to_vec()) } else { Answer::Bytes(OK.to_vec()) };
    // It answers, and closes before the next request without announcing that.
    let left: Script = |_, _| Answer::Last(OK.to_vec());
    for (case, script, method, expected) in [
        ("close", close, "GET", (json!(200), 2, 2)),
        ("close", close, "POST", (json!("connection-terminated"), 1, 1)),
        ("close", always, "GET", (json!("connection-terminated"), 2, 2)),
        ("a part", cut, "POST", (json!("connection-terminated"), 1, 1)),
        ("nonsense", nonsense, "GET", (json!("HTTP-protocol-error"), 1, 1)),
        ("left", left, "GET", (json!(200), 1, 2)),
        ("left", left, "POST", (json!(200), 1, 2)),
    ] {
        let server = Hostile::http1(script).await;
        let url = format!("http://127.0.0.1:{}", server.port());
        check(&guest_with(allowing(&[&url])), &server, &url, method, expected, case).await;
    }
}

/// The system knows that the connection is closed, but tokio does not yet, because its thread was busy.
#[tokio::test]
async fn a_connection_that_the_server_closed_is_not_written_to() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (close, closes) = channel();
    let (closed, is_closed) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut lines = BufReader::new(stream.unwrap());
            let mut line = String::new();
            while line != "\r\n" {
                line.clear();
                lines.read_line(&mut line).unwrap();
            }
            lines.get_ref().write_all(OK).unwrap();
            closes.recv().unwrap();
            drop(lines);
            closed.send(()).unwrap();
        }
    });
    let guest = guest_with(allowing(&[&url]));
    assert_eq!(send(&guest, &json!({ "url": url })).await.0["status"], 200);
    // The connection returns to the pool.
    tokio::time::sleep(Duration::from_millis(100)).await;
    close.send(()).unwrap();
    is_closed.recv().unwrap();
    let (told, _) = send(&guest, &json!({ "url": url, "method": "POST" })).await;
    assert_eq!(told["status"], 200, "{told}");
}

#[tokio::test]
async fn a_failure_of_a_fresh_connection_is_final() {
    let server = Hostile::http1(|_, _| Answer::Last(vec![])).await;
    let url = format!("http://127.0.0.1:{}", server.port());
    let (told, _) = send(&guest_with(allowing(&[&url])), &json!({ "url": url })).await;
    assert_eq!((&told["error"], server.requests()), (&json!("connection-terminated"), 1));
}

#[tokio::test]
async fn over_http_2() {
    let identity = Identity::new(&["127.0.0.1"], true);
    let refused: Script = |number, id| Answer::Bytes(if number == 2 { reset(id, REFUSED_STREAM) } else { fine(id) });
    let refusing: Script = |number, id| Answer::Bytes(if number >= 2 { reset(id, REFUSED_STREAM) } else { fine(id) });
    let broken: Script = |number, id| Answer::Bytes(if number == 2 { reset(id, INTERNAL_ERROR) } else { fine(id) });
    let below: Script = |number, id| Answer::Bytes(if number == 2 { go_away(1, 0) } else { fine(id) });
    let below_with_error: Script =
        |number, id| Answer::Bytes(if number == 2 { go_away(1, INTERNAL_ERROR) } else { fine(id) });
    let above: Script = |number, id| if number == 2 { Answer::Last(go_away(id, 0)) } else { Answer::Bytes(fine(id)) };
    let close: Script = |number, id| if number == 2 { Answer::Last(vec![]) } else { Answer::Bytes(fine(id)) };
    let closing: Script = |number, id| if number >= 2 { Answer::Last(vec![]) } else { Answer::Bytes(fine(id)) };
    for (case, script, method, expected) in [
        // A request that the server has not processed may be sent again once, with any method.
        ("refused", refused, "GET", (json!(200), 2, 2)),
        ("refused", refused, "POST", (json!(200), 2, 2)),
        ("refused for ever", refusing, "GET", (json!("HTTP-protocol-error"), 2, 2)),
        ("below", below, "GET", (json!(200), 2, 2)),
        ("below", below, "POST", (json!(200), 2, 2)),
        ("below, with an error", below_with_error, "POST", (json!(200), 2, 2)),
        // A request that the server may have processed is not sent again.
        ("reset", broken, "GET", (json!("HTTP-protocol-error"), 1, 1)),
        ("reset", broken, "POST", (json!("HTTP-protocol-error"), 1, 1)),
        ("above", above, "POST", (json!("connection-terminated"), 1, 1)),
        // A connection that the server closed while idle, as over HTTP/1.1.
        ("close", close, "GET", (json!(200), 2, 2)),
        ("close", close, "POST", (json!("connection-terminated"), 1, 1)),
        ("close for ever", closing, "GET", (json!("connection-terminated"), 2, 2)),
    ] {
        let server = Hostile::http2(&identity, script).await;
        let url = format!("https://127.0.0.1:{}", server.port());
        let network = Network { roots: Some(identity.root()), ..allowing(&[&url]) };
        check(&guest_with(network), &server, &url, method, expected, case).await;
    }
}

/// The attempts share the time limit: each may use what is left.
#[tokio::test]
async fn all_attempts_share_one_time_limit() {
    let server = Hostile::http1(|number, _| match number {
        1 => Answer::Bytes(OK.to_vec()),
        2 => Answer::Late(Duration::from_secs(3), Box::new(Answer::Last(vec![]))),
        _ => Answer::Bytes(vec![]),
    })
    .await;
    let url = format!("http://127.0.0.1:{}", server.port());
    let guest = guest_with(allowing(&[&url]));
    send(&guest, &json!({ "url": url })).await;
    let begun = Instant::now();
    let (told, _) = send(&guest, &json!({ "url": url, "first_byte_ms": 5000 })).await;
    assert_eq!((&told["error"], server.requests()), (&json!("connection-read-timeout"), 3));
    assert!(begun.elapsed() < Duration::from_millis(7900), "{:?}", begun.elapsed());
}
