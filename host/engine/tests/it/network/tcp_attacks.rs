//! Handlers and servers that misuse TCP connections: what they hold is bounded, ends, and leaves nothing to later requests.
#![cfg(target_os = "linux")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener as StdListener, TcpStream as StdStream};
use std::thread;

use funcserver_engine::{Resolve, Resolving, Reuse};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use super::tcp::{Begin, Service, TcpServer, acceptor, connector, connector_with, dial, network_of, reason, received};
use super::*;
use crate::common::guest_p3;
use crate::gauge::{is_alone, resident};

/// The most time for which a server of a test sends or receives, so that a test that fails also ends.
const LONG: Duration = Duration::from_secs(5);

/// A server on threads of its own, which is ready to send or to receive at any time.
fn busy_server(work: fn(StdStream)) -> u16 {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || work(stream));
        }
    });
    port
}

fn flood(mut stream: StdStream) {
    let until = Instant::now() + LONG;
    while Instant::now() < until && stream.write_all(&[b'x'; 64 << 10]).is_ok() {}
}

fn sink(mut stream: StdStream) {
    let mut bytes = vec![0; 64 << 10];
    while stream.read(&mut bytes).is_ok_and(|read| read > 0) {}
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

async fn ends_at_its_deadline(guest: &Guest, act: &str) {
    let (call, _) = call(Duration::from_millis(300));
    let begin = Instant::now();
    let answer = handle(guest, request(act), call).await;
    assert!(matches!(answer.result, Err(Fault::Deadline)), "{act}: {:?}", answer.result);
    assert!(begin.elapsed() < Duration::from_secs(2), "{act}: {:?}", begin.elapsed());
    answer.after.finish().await;
}

fn planned(plan: &Value) -> String {
    format!("tcp:{}", BASE64_URL_SAFE_NO_PAD.encode(plan.to_string()))
}

/// Streams that the host passes on yield, although neither of their ends ever waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_without_a_byte_in_the_guest_end_at_the_deadline() {
    let (from, to) = (busy_server(flood), busy_server(sink));
    let entries = [from, to].map(|port| format!("tcp://127.0.0.1:{port}"));
    let (network, _) = network_of(&entries, None);
    let guest = guest_p3(Options { limits: limits(), network, ..Options::default() });
    ends_at_its_deadline(&guest, &format!("socket-pump:127.0.0.1:{from}/127.0.0.1:{to}")).await;
    ends_at_its_deadline(&guest, &format!("socket-print:127.0.0.1:{from}")).await;
    // An answer that never ends is one that is too long.
    let (answer, _) = act(&guest, &format!("socket-body:127.0.0.1:{from}")).await;
    assert!(answer.result.is_err(), "{:?}", answer.result);
    answer.after.finish().await;
    assert_eq!(json(&act(&guest, "state").await.0.result.unwrap())["requests"], 1);
}

/// Tickets are sent after the handshake, and are no content.
#[tokio::test]
async fn a_server_that_sends_tickets_without_end_is_left() {
    let identity = Identity::new(&["db.example"], false);
    let mut config = (*identity.config()).clone();
    config.send_tls13_tickets = 20_000;
    let flood = TcpServer::start(Begin::Tls(TlsAcceptor::from(Arc::new(config))), Service::Echo).await;
    let few = TcpServer::start(Begin::Tls(acceptor(&identity)), Service::Echo).await;
    let entries: Vec<String> = [flood.port, few.port]
        .iter()
        .flat_map(|port| ["db.example", "127.0.0.1"].map(|host| format!("tls://{host}:{port}")))
        .collect();
    let (guest, _) = connector(&entries, Some(&identity));
    let plan = |port: u16| json!({ "to": format!("db.example:{port}"), "send": "a", "receive": 1, "sleep_ms": 100 });
    let (told, _) = dial(&guest, &plan(flood.port)).await;
    assert!(told["kind"].is_string(), "{told}");
    flood.closed().await;
    assert_eq!(received(&dial(&guest, &plan(few.port)).await.0), b"A");
}

/// The bytes of names that a wildcard allows are held by the host.
#[tokio::test]
async fn many_lookups_of_long_names_hold_little() {
    if !is_alone("network::tcp_attacks::many_lookups_of_long_names_hold_little") {
        return;
    }
    let (network, names) = network_of(&["tcp://*.example:5432".to_owned()], None);
    let options = || Options { limits: limits(), network: network.clone(), ..Options::default() };
    for guest in [guest(options()), guest_p3(options())] {
        json(&act(&guest, "state").await.0.result.unwrap());
        let before = resident();
        for length in [256, 10_000, 1_000_000] {
            let (answer, lines) = act(&guest, &format!("look-up:100:{length}:name.example")).await;
            let told = json(&answer.result.unwrap());
            assert_eq!((&told["found"], &told["refused"]), (&json!(0), &json!(100)), "{length}");
            assert_eq!(lines.notices(), [], "what is no name is not denied");
            answer.after.finish().await;
        }
        let (answer, _) = act(&guest, "look-up:3000:250:name.example").await;
        assert_eq!(json(&answer.result.unwrap())["found"], 1024);
        answer.after.finish().await;
        assert!(resident() < before + (8 << 20), "{} KiB more", (resident() - before) >> 10);
    }
    assert_eq!(names.asked(), 0);
}

/// What servers send and nobody reads, and what guests send and no server reads.
#[tokio::test]
async fn connections_that_nobody_reads_hold_little() {
    if !is_alone("network::tcp_attacks::connections_that_nobody_reads_hold_little") {
        return;
    }
    let identity = Identity::new(&["127.0.0.1"], false);
    for begin in [Begin::Plain, Begin::Tls(acceptor(&identity))] {
        let scheme = if matches!(begin, Begin::Plain) { "tcp" } else { "tls" };
        let flood = TcpServer::start(begin.clone(), Service::Flood).await;
        let deaf = TcpServer::start(begin.clone(), Service::Deaf).await;
        let entries = [&flood, &deaf].map(|server| format!("{scheme}://127.0.0.1:{}", server.port));
        let (guest, _) = connector(&entries, Some(&identity));
        let one = json!({ "to": format!("127.0.0.1:{}", flood.port), "receive": 1 });
        assert_eq!(received(&dial(&guest, &one).await.0), [0]);
        let (memory, files) = (resident(), open_files());

        let unread =
            json!({ "to": format!("127.0.0.1:{}", flood.port), "connections": 15, "receive": 1, "sleep_ms": 300 });
        let unsent = json!({ "to": format!("127.0.0.1:{}", deaf.port), "send": "x".repeat(1 << 20), "times": 64 });
        let [unread, unsent] = [unread, unsent].map(|plan| planned(&plan));
        for _ in 0..3 {
            let at_once = (0..8).map(|number| {
                let act = if number % 2 == 0 { &unread } else { &unsent };
                let (call, _) = call(Duration::from_millis(600));
                let (guest, request) = (&guest, request(act));
                async move { drop(handle(guest, request, call).await.after.finish().await) }
            });
            let mut most = 0;
            let watch = async {
                loop {
                    most = most.max(resident());
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::select! {
                _ = futures_util::future::join_all(at_once) => {}
                () = watch => {}
            }
            // Guests, their connections and those of the servers: each has at most 192 KiB in the host.
            let more = most.saturating_sub(memory);
            assert!(more < 96 << 20, "{scheme}: {} KiB more", more >> 10);
        }
        flood.closed().await;
        assert_eq!(received(&dial(&guest, &one).await.0), [0]);
        drop((flood, deaf));
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(open_files() <= files, "{scheme}: {} of {files} files are open", open_files());
    }
}

/// A connection that an instance keeps is read only while the instance does.
#[tokio::test]
async fn a_flood_between_two_requests_stays_outside() {
    if !is_alone("network::tcp_attacks::a_flood_between_two_requests_stays_outside") {
        return;
    }
    let port = busy_server(flood);
    let reuse = Reuse { requests: 1000, ..Reuse::default() };
    let (guest, _) = connector_with(&[format!("tcp://127.0.0.1:{port}")], None, reuse);
    let plan = json!({ "to": format!("127.0.0.1:{port}"), "receive": 3, "keep": true });
    assert_eq!(received(&dial(&guest, &plan).await.0), b"xxx");
    let (memory, files) = (resident(), open_files());
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(received(&dial(&guest, &plan).await.0), b"xxx");
    }
    assert!(resident() < memory + (4 << 20), "{} KiB more", (resident() - memory) >> 10);
    assert!(open_files() <= files);
}

#[tokio::test]
async fn connections_dropped_in_each_state_leave_nothing() {
    if !is_alone("network::tcp_attacks::connections_dropped_in_each_state_leave_nothing") {
        return;
    }
    let identity = Identity::new(&["db.example"], false);
    let tls = acceptor(&identity);
    let begins = [Begin::Plain, Begin::Tls(tls.clone()), Begin::Postgres(tls)];
    for (scheme, begin) in ["tcp", "tls", "postgres"].into_iter().zip(begins) {
        let server = TcpServer::start(begin, Service::Echo).await;
        let port = server.port;
        let entries = [format!("{scheme}://db.example:{port}"), format!("{scheme}://127.0.0.1:{port}")];
        let (network, _) = network_of(&entries, Some(&identity));
        let reuse = Reuse { requests: 1000, ..Reuse::default() };
        let guest = guest(Options { limits: limits(), network, reuse, ..Options::default() });
        let drops = format!("drop-sockets:100:db.example:{port}");
        let mut files = 0;
        for call in 0..4 {
            let (answer, lines) = act(&guest, &drops).await;
            assert_eq!(json(&answer.result.unwrap())["errors"], json!([]), "{scheme}: {:?}", lines.notices());
            answer.after.finish().await;
            server.closed().await;
            if call == 0 {
                files = open_files();
            }
        }
        assert!(open_files() <= files, "{scheme}: {} files are open, and {files} were", open_files());
        // Longer than a client's request for encryption, for which the host waits.
        let plan = json!({ "to": format!("db.example:{port}"), "send": "a message", "receive": 9 });
        assert_eq!(received(&dial(&guest, &plan).await.0), b"A MESSAGE");
    }
}

#[tokio::test]
async fn a_half_closed_connection_ends_for_reading_alone() {
    let identity = Identity::new(&["127.0.0.1"], false);
    for (scheme, begin) in [("tcp", Begin::Plain), ("tls", Begin::Tls(acceptor(&identity)))] {
        let server = TcpServer::start(begin, Service::HalfClosed).await;
        let (guest, _) = connector(&[format!("{scheme}://127.0.0.1:{}", server.port)], Some(&identity));
        let plan = json!({
            "to": format!("127.0.0.1:{}", server.port), "sleep_ms": 50, "send": "abc".repeat(100), "times": 10,
            "receive": null,
        });
        let (told, notices) = dial(&guest, &plan).await;
        assert_eq!(received(&told), b"bye", "{scheme} {notices:?}");
        server.closed().await;
    }
}

/// A name server that does not answer until the test tells it to.
#[derive(Default)]
struct Mute(Arc<Notify>);

impl Resolve for Mute {
    fn resolve(&self, _: &str) -> Resolving {
        let speak = self.0.clone();
        Box::pin(async move {
            speak.notified().await;
            Ok(vec![[127, 0, 0, 1].into()])
        })
    }
}

#[tokio::test]
async fn a_mute_name_server_stops_no_other_connection() {
    let server = TcpServer::start(Begin::Plain, Service::Echo).await;
    let port = server.port;
    let mute = Arc::new(Mute::default());
    let allow = allowing(&[&format!("tcp://*.example:{port}"), &format!("tcp://127.0.0.1:{port}")]);
    let network = Network { resolver: mute.clone(), ..allow };
    let guest = guest(Options { limits: limits(), network, ..Options::default() });
    let plan = |host: &str| json!({ "to": format!("{host}:{port}"), "send": "a", "receive": 1 });
    for number in 0..100 {
        let (call, _) = call(Duration::from_millis(20));
        let answer = handle(&guest, request(&planned(&plan(&format!("{number}.example")))), call).await;
        assert!(matches!(answer.result, Err(Fault::Deadline)), "{:?}", answer.result);
        answer.after.finish().await;
    }
    assert_eq!(received(&dial(&guest, &plan("127.0.0.1")).await.0), b"A");
    mute.0.notify_waiters();
    let (last, speak) = (plan("last.example"), mute.0.clone());
    let (answer, ()) = tokio::join!(dial(&guest, &last), async move {
        for _ in 0..50 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            speak.notify_waiters();
        }
    });
    assert_eq!(received(&answer.0), b"A", "{:?}", answer.1);
    server.closed().await;
}

/// Servers that begin TLS and never complete it, in several ways.
#[tokio::test]
async fn endless_handshakes_end_with_their_request() {
    // A record of TLS that is announced and comes byte by byte, and alerts without end.
    fn slow(mut stream: StdStream) {
        let _ = stream.write_all(&[22, 3, 3, 0x40, 0]);
        let until = Instant::now() + LONG;
        while Instant::now() < until && stream.write_all(&[0]).is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
    }
    fn alerts(mut stream: StdStream) {
        let until = Instant::now() + LONG;
        while Instant::now() < until && stream.write_all(&[21, 3, 3, 0, 2, 1, 90].repeat(1000)).is_ok() {}
    }
    fn fragments(mut stream: StdStream) {
        let until = Instant::now() + LONG;
        // A handshake message of 16 MiB, in small records.
        let _ = stream.write_all(&[22, 3, 3, 0, 4, 11, 0xff, 0xff, 0xff]);
        while Instant::now() < until && stream.write_all(&[22, 3, 3, 0, 1, 0].repeat(1000)).is_ok() {}
    }
    let identity = Identity::new(&["127.0.0.1"], false);
    let echo = TcpServer::start(Begin::Tls(acceptor(&identity)), Service::Echo).await;
    for work in [slow as fn(StdStream), alerts, fragments, flood, sink] {
        let port = busy_server(work);
        let entries = [port, echo.port].map(|port| format!("tls://127.0.0.1:{port}"));
        let (guest, _) = connector(&entries, Some(&identity));
        let plan = json!({ "to": format!("127.0.0.1:{port}"), "send": "a", "receive": 1 });
        for _ in 0..3 {
            let (call, lines) = call(Duration::from_millis(300));
            let answer = handle(&guest, request(&planned(&plan)), call).await;
            match answer.result {
                Err(Fault::Deadline) => {}
                Ok(response) => {
                    assert!(json(&response)["kind"].is_string(), "{:?}", response.body());
                    assert!(reason(&lines.notices()[0]).starts_with("no connection"), "{:?}", lines.notices());
                }
                Err(fault) => panic!("{fault:?}"),
            }
            answer.after.finish().await;
        }
        let plan = json!({ "to": format!("127.0.0.1:{}", echo.port), "send": "a", "receive": 1 });
        assert_eq!(received(&dial(&guest, &plan).await.0), b"A");
    }
}
