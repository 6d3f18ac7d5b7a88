//! TCP connections: which are allowed, how the host makes TLS, and how they end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use funcserver_engine::Reuse;
use http::uri::Authority;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::common::guest_p3;

/// What a server does on each of its connections.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Sends back what comes, in capital letters.
    Echo,
    /// Receives, and never answers.
    Silent,
    /// Closes the connection at once.
    Closing,
    /// Sends without end.
    Flood,
    /// Reads nothing.
    Deaf,
    /// Ends its bytes after the first ones, and goes on reading.
    HalfClosed,
}

/// How a server begins each of its connections.
#[derive(Clone)]
pub enum Begin {
    Plain,
    Tls(TlsAcceptor),
    /// As a PostgreSQL server that offers TLS.
    Postgres(TlsAcceptor),
    /// As a PostgreSQL server without TLS.
    PostgresWithout,
}

pub struct TcpServer {
    pub port: u16,
    connections: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl Drop for TcpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl TcpServer {
    pub async fn start(begin: Begin, service: Service) -> Self {
        Self::start_at(0, begin, service).await
    }

    pub async fn start_at(port: u16, begin: Begin, service: Service) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, open) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counted = (connections.clone(), open.clone());
        let task = tokio::spawn(async move {
            let mut tasks = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (connections, open) = counted.clone();
                connections.fetch_add(1, Ordering::SeqCst);
                open.fetch_add(1, Ordering::SeqCst);
                let begin = begin.clone();
                tasks.spawn(async move {
                    let _ = serve(stream, begin, service).await;
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { port, connections, open, task: task.abort_handle() }
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Waits until the guest has closed all connections.
    pub async fn closed(&self) {
        for _ in 0..500 {
            if self.open.load(Ordering::SeqCst) == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} connections are left open", self.open.load(Ordering::SeqCst));
    }
}

async fn serve(mut stream: TcpStream, begin: Begin, service: Service) -> std::io::Result<()> {
    match begin {
        Begin::Plain => speak(stream, service).await,
        Begin::Tls(acceptor) => speak(acceptor.accept(stream).await?, service).await,
        Begin::Postgres(acceptor) => {
            let mut request = [0; 8];
            stream.read_exact(&mut request).await?;
            assert_eq!(request, [0, 0, 0, 8, 4, 210, 22, 47]);
            stream.write_all(b"S").await?;
            speak(acceptor.accept(stream).await?, service).await
        }
        Begin::PostgresWithout => {
            let mut request = [0; 8];
            stream.read_exact(&mut request).await?;
            stream.write_all(b"N").await?;
            speak(stream, service).await
        }
    }
}

async fn speak(mut stream: impl AsyncRead + AsyncWrite + Unpin, service: Service) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 << 10];
    match service {
        Service::Echo => loop {
            let read = stream.read(&mut buffer).await?;
            if read == 0 {
                return stream.shutdown().await;
            }
            stream.write_all(&buffer[..read].to_ascii_uppercase()).await?;
        },
        Service::Silent => while stream.read(&mut buffer).await? > 0 {},
        Service::Closing => {}
        Service::Flood => loop {
            stream.write_all(&buffer).await?;
        },
        Service::Deaf => std::future::pending().await,
        Service::HalfClosed => {
            stream.write_all(b"bye").await?;
            stream.shutdown().await?;
            while stream.read(&mut buffer).await? > 0 {}
        }
    }
    Ok(())
}

pub fn acceptor(identity: &Identity) -> TlsAcceptor {
    TlsAcceptor::from(identity.config())
}

/// A guest with these entries. `db.example` is this machine, and `cache.example` has a special address.
pub fn connector(entries: &[String], identity: Option<&Identity>) -> (Guest, Arc<Names>) {
    connector_with(entries, identity, Reuse::default())
}

pub fn connector_with(entries: &[String], identity: Option<&Identity>, reuse: Reuse) -> (Guest, Arc<Names>) {
    let (network, names) = network_of(entries, identity);
    (guest(Options { limits: limits(), network, reuse, ..Options::default() }), names)
}

pub fn network_of(entries: &[String], identity: Option<&Identity>) -> (Network, Arc<Names>) {
    let names = Arc::new(Names::default());
    names.set("db.example", &["127.0.0.1"]);
    names.set("metadata.example", &["169.254.169.254"]);
    names.set("stand-in.example", &["198.18.0.1"]);
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    let network = Network { roots: identity.map(Identity::root), resolver: names.clone(), ..allowing(&entries) };
    (network, names)
}

/// The guest's report of a plan, and the notices about it.
pub async fn dial(guest: &Guest, plan: &Value) -> (Value, Vec<Notice>) {
    let (answer, lines) = act(guest, &format!("tcp:{}", BASE64_URL_SAFE_NO_PAD.encode(plan.to_string()))).await;
    let told = json(&answer.result.unwrap());
    assert_eq!(answer.after.finish().await, None);
    (told, lines.notices())
}

/// What the server sent.
pub fn received(told: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(told["received_b64"].as_str().unwrap_or_else(|| panic!("{told}"))).unwrap()
}

/// The kind of error and the only notice of a connection that fails.
pub async fn fails(guest: &Guest, to: &str) -> (String, Notice) {
    let (told, notices) = dial(guest, &json!({ "to": to, "send": "a", "receive": 1 })).await;
    let [notice] = <[Notice; 1]>::try_from(notices).unwrap_or_else(|other| panic!("{to}: {told} {other:?}"));
    (told["kind"].as_str().unwrap_or_else(|| panic!("{to}: {told}")).to_owned(), notice)
}

/// The entry that a denial suggests.
pub fn suggested(notice: &Notice) -> Option<&str> {
    match notice {
        Notice::Denied { allow, .. } => allow.as_deref(),
        Notice::Failed { .. } => panic!("{notice:?}"),
    }
}

pub fn reason(notice: &Notice) -> &str {
    let (Notice::Denied { reason, .. } | Notice::Failed { reason, .. }) = notice;
    reason
}

#[tokio::test]
async fn a_name_and_an_address_are_reached_by_every_kind_of_entry() {
    let identity = Identity::new(&["db.example", "127.0.0.1"], false);
    let tls = acceptor(&identity);
    for (scheme, begin) in
        [("tcp", Begin::Plain), ("tls", Begin::Tls(tls.clone())), ("postgres", Begin::Postgres(tls.clone()))]
    {
        let server = TcpServer::start(begin, Service::Echo).await;
        let port = server.port;
        let entries = [format!("{scheme}://db.example:{port}"), format!("{scheme}://127.0.0.1:{port}")];
        let (guest, _) = connector(&entries, Some(&identity));
        for host in ["db.example", "127.0.0.1"] {
            let plan = json!({ "to": format!("{host}:{port}"), "send": "hello", "end": true, "receive": null });
            let (told, notices) = dial(&guest, &plan).await;
            assert_eq!(received(&told), b"HELLO", "{scheme} {host}: {notices:?}");
            assert_eq!(notices, [], "{scheme} {host}");
        }
        server.closed().await;
    }
}

#[tokio::test]
async fn a_guest_of_0_3_connects_too() {
    let identity = Identity::new(&["db.example"], false);
    let server = TcpServer::start(Begin::Tls(acceptor(&identity)), Service::Echo).await;
    let entries = [format!("tls://db.example:{}", server.port), format!("tls://127.0.0.1:{}", server.port)];
    let (network, _) = network_of(&entries, Some(&identity));
    let guest = guest_p3(Options { limits: limits(), network, ..Options::default() });
    let (answer, lines) = act(&guest, &format!("tcp:db.example:{}/hello", server.port)).await;
    assert_eq!(received(&json(&answer.result.unwrap())), b"HELLO", "{:?}", lines.notices());
    answer.after.finish().await;
    let (answer, lines) = act(&guest, &format!("tcp:db.example:{}/hello", server.port + 1)).await;
    assert!(json(&answer.result.unwrap())["error"].as_str().unwrap().contains("AccessDenied"));
    let expected = format!("tcp://db.example:{}", server.port + 1);
    assert_eq!(suggested(&lines.notices()[0]), Some(expected.as_str()));
    answer.after.finish().await;
    server.closed().await;
}

#[tokio::test]
async fn large_transfers_arrive_whole() {
    let identity = Identity::new(&["db.example"], false);
    for begin in [Begin::Plain, Begin::Tls(acceptor(&identity))] {
        let scheme = if matches!(begin, Begin::Plain) { "tcp" } else { "tls" };
        let server = TcpServer::start(begin, Service::Echo).await;
        let entries =
            [format!("{scheme}://db.example:{}", server.port), format!("{scheme}://127.0.0.1:{}", server.port)];
        let (guest, _) = connector(&entries, Some(&identity));
        // The server answers while it receives, so both directions are full at some time.
        let text = "abcdefgh".repeat(8_000);
        let plan =
            json!({ "to": format!("db.example:{}", server.port), "send": text, "times": 1, "receive": text.len() });
        let (told, notices) = dial(&guest, &plan).await;
        assert_eq!(received(&told), text.to_uppercase().into_bytes(), "{notices:?}");
    }
}

#[tokio::test]
async fn what_no_entry_allows_is_denied_with_the_entry_that_would() {
    let server = TcpServer::start(Begin::Plain, Service::Echo).await;
    let port = server.port;
    let (guest, names) =
        connector(&["tcp://db.example:1".into(), "*".into(), format!("http://127.0.0.1:{port}")], None);
    for (to, entry) in [
        (format!("db.example:{port}"), format!("tcp://db.example:{port}")),
        (format!("127.0.0.1:{port}"), format!("tcp://127.0.0.1:{port}")),
        (format!("[::1]:{port}"), format!("tcp://[::1]:{port}")),
        (format!("10.0.0.5:{port}"), format!("tcp://10.0.0.5:{port}")),
        (format!("other.example:{port}"), "tcp://other.example:PORT".to_owned()),
    ] {
        let (kind, notice) = fails(&guest, &to).await;
        assert_eq!((kind.as_str(), suggested(&notice)), ("PermissionDenied", Some(entry.as_str())), "{to}");
    }
    assert_eq!((server.connections(), names.asked()), (0, 0), "no server and no name server is asked");
}

#[tokio::test]
async fn without_an_entry_the_log_says_how_to_allow_tcp() {
    let guest = guest(limits());
    let (kind, notice) = fails(&guest, "db.example:5432").await;
    assert_eq!((kind.as_str(), suggested(&notice)), ("PermissionDenied", Some("tcp://db.example:PORT")));
    let (kind, notice) = fails(&guest, "10.0.0.5:5432").await;
    assert_eq!((kind.as_str(), suggested(&notice)), ("PermissionDenied", Some("tcp://HOST:PORT")));
}

#[tokio::test]
async fn special_addresses_and_the_runtime_api_are_out_of_reach() {
    let server = TcpServer::start(Begin::Plain, Service::Echo).await;
    let port = server.port;
    let mut entries = vec![format!("tcp://0.0.0.0/0:{port}"), format!("tcp://[::]/0:{port}")];
    let named = ["db.example", "metadata.example", "stand-in.example", "nowhere.example"];
    entries.extend(named.map(|name| format!("tcp://{name}:{port}")));
    let (guest, _) = connector(&entries, None);
    for (to, expected) in [
        ("db.example", "127.0.0.1 is a loopback address"),
        ("metadata.example", "169.254.169.254 is an address of the cloud's metadata"),
        ("stand-in.example", "198.18.0.1 is an address that stands for a name"),
        ("127.0.0.1", "127.0.0.1 is a loopback address"),
        ("[::ffff:127.0.0.1]", "127.0.0.1 is a loopback address"),
        ("[::1]", "::1 is a loopback address"),
        ("169.254.169.254", "169.254.169.254 is an address of the cloud's metadata"),
        ("[64:ff9b::a9fe:a9fe]", "is an address of the cloud's metadata"),
        ("198.18.0.200", "stands for no name"),
        ("[::ffff:198.18.0.200]", "stands for no name"),
    ] {
        let (kind, notice) = fails(&guest, &format!("{to}:{port}")).await;
        assert_eq!(kind, "PermissionDenied", "{to}: {notice:?}");
        assert!(reason(&notice).contains(expected), "{to}: {notice:?}");
    }
    let (kind, notice) = fails(&guest, &format!("nowhere.example:{port}")).await;
    assert!(kind == "HostUnreachable" && reason(&notice).contains("cannot be resolved"), "{kind} {notice:?}");

    let entries =
        [format!("tcp://127.0.0.1:{port}"), format!("tls://localhost:{port}"), format!("tcp://0.0.0.0/0:{port}")];
    let (network, names) = network_of(&entries, None);
    names.set("localhost", &["127.0.0.1"]);
    let reserved: Authority = format!("127.0.0.1:{port}").parse().unwrap();
    let network = Network { reserved: Some(reserved), ..network };
    let guest = guest_with(network);
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "127.0.0.2"] {
        let (kind, notice) = fails(&guest, &format!("{host}:{port}")).await;
        assert!(kind == "PermissionDenied" && reason(&notice).contains("Runtime API"), "{host}: {kind} {notice:?}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_certificate_must_fit_the_name_and_have_a_trusted_root() {
    let wrong_name = Identity::new(&["other.example"], false);
    let identity = Identity::new(&["db.example"], false);
    for (server_has, guest_trusts, expected) in
        // Both roots have the same name, so the second one is found and does not fit.
        [(&wrong_name, &wrong_name, "not valid for name"), (&identity, &wrong_name, "BadSignature")]
    {
        for scheme in ["tls", "postgres"] {
            let tls = acceptor(server_has);
            let begin = if scheme == "tls" { Begin::Tls(tls) } else { Begin::Postgres(tls) };
            let server = TcpServer::start(begin, Service::Echo).await;
            let entries =
                [format!("{scheme}://db.example:{}", server.port), format!("{scheme}://127.0.0.1:{}", server.port)];
            let (guest, _) = connector(&entries, Some(guest_trusts));
            let (kind, notice) = fails(&guest, &format!("db.example:{}", server.port)).await;
            assert!(kind == "ConnectionAborted" && reason(&notice).contains(expected), "{kind} {notice:?}");
            server.closed().await;
        }
    }
}

#[tokio::test]
async fn roots_of_the_project_are_trusted_besides_the_systems() {
    let identity = Identity::new(&["db.example"], false);
    let server = TcpServer::start(Begin::Tls(acceptor(&identity)), Service::Echo).await;
    let entries = [format!("tls://db.example:{}", server.port), format!("tls://127.0.0.1:{}", server.port)];
    let other = Identity::new(&["other.example"], false);
    let (network, _) = network_of(&entries, Some(&other));
    let guest = guest_with(Network { ca: Some(identity.root()), ..network });
    let (told, notices) =
        dial(&guest, &json!({ "to": format!("db.example:{}", server.port), "send": "a", "receive": 1 })).await;
    assert_eq!(received(&told), b"A", "{notices:?}");
}

#[tokio::test]
async fn servers_that_cannot_be_used_are_told_apart() {
    let identity = Identity::new(&["a.example"], false);
    let refusing = refusing();
    let closed = refusing.local_addr().unwrap().port();
    let plain = TcpServer::start(Begin::Plain, Service::Echo).await;
    let closing = TcpServer::start(Begin::Plain, Service::Closing).await;
    let without = TcpServer::start(Begin::PostgresWithout, Service::Echo).await;
    for (entry, port, kind, expected) in [
        ("tcp", closed, "ConnectionRefused", "Connection refused"),
        ("tls", closed, "ConnectionRefused", "Connection refused"),
        // It sends back what it gets, which is no answer of a server of TLS.
        ("tls", plain.port, "ConnectionAborted", "received "),
        ("postgres", plain.port, "ConnectionAborted", "is it another server?"),
        ("postgres", without.port, "ConnectionAborted", "does not offer TLS"),
        ("tls", closing.port, "ConnectionReset", "eof|end of file|reset by peer"),
        ("postgres", closing.port, "ConnectionReset", "eof|end of file|reset by peer"),
    ] {
        let (guest, _) = connector(&[format!("{entry}://127.0.0.1:{port}")], Some(&identity));
        let (found, notice) = fails(&guest, &format!("127.0.0.1:{port}")).await;
        assert!(
            found == kind && expected.split('|').any(|expected| reason(&notice).contains(expected)),
            "{entry} {port}: {found} {notice:?}"
        );
    }
}

#[tokio::test]
async fn the_number_of_connections_is_limited_and_none_is_leaked() {
    let server = TcpServer::start(Begin::Plain, Service::Echo).await;
    let (guest, _) = connector(&[format!("tcp://127.0.0.1:{}", server.port)], None);
    let many = json!({ "to": format!("127.0.0.1:{}", server.port), "connections": 60, "send": "a", "receive": 1 });
    for call in 1..=3 {
        let (told, notices) = dial(&guest, &many).await;
        assert_eq!(told["connections"], 16, "{told}");
        assert!(reason(&notices[0]).contains("as many as limits.connections allows"), "{notices:?}");
        server.closed().await;
        assert_eq!(server.connections(), 16 * call);
    }
    let few = json!({ "to": format!("127.0.0.1:{}", server.port), "connections": 16, "send": "a", "receive": 1 });
    assert_eq!(received(&dial(&guest, &few).await.0), b"A");
}

#[tokio::test]
async fn a_reused_instance_keeps_its_connection_and_sees_when_it_is_gone() {
    let server = TcpServer::start(Begin::Plain, Service::Echo).await;
    let port = server.port;
    let reuse = Reuse { requests: 1000, ..Reuse::default() };
    let (guest, _) = connector_with(&[format!("tcp://127.0.0.1:{port}")], None, reuse);
    let plan = json!({ "to": format!("127.0.0.1:{port}"), "send": "abc", "receive": 3, "keep": true });
    for _ in 0..50 {
        assert_eq!(received(&dial(&guest, &plan).await.0), b"ABC");
    }
    assert_eq!(server.connections(), 1);
    drop(server);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let server = TcpServer::start_at(port, Begin::Plain, Service::Echo).await;
    let (told, notices) = dial(&guest, &plan).await;
    assert!(["UnexpectedEof", "ConnectionReset", "BrokenPipe"].contains(&told["kind"].as_str().unwrap()), "{told}");
    assert_eq!(notices, [], "the connection was open");
    assert_eq!(received(&dial(&guest, &plan).await.0), b"ABC", "the next request has a new one");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_query_that_runs_into_the_deadline_ends_and_the_next_request_works() {
    let silent = TcpServer::start(Begin::Plain, Service::Silent).await;
    let echo = TcpServer::start(Begin::Plain, Service::Echo).await;
    let entries = [&silent, &echo].map(|server| format!("tcp://127.0.0.1:{}", server.port));
    let (guest, _) = connector(&entries, None);
    let plan = |server: &TcpServer| json!({ "to": format!("127.0.0.1:{}", server.port), "send": "a", "receive": 1 });
    let encoded = BASE64_URL_SAFE_NO_PAD.encode(plan(&silent).to_string());
    let (call, _) = call(Duration::from_millis(300));
    let answer = handle(&guest, request(&format!("tcp:{encoded}")), call).await;
    assert!(matches!(answer.result, Err(Fault::Deadline)), "{:?}", answer.result);
    answer.after.finish().await;
    silent.closed().await;
    assert_eq!(received(&dial(&guest, &plan(&echo)).await.0), b"A");
}

#[tokio::test]
async fn a_server_that_floods_is_read_only_as_fast_as_the_guest_does() {
    let flood = TcpServer::start(Begin::Plain, Service::Flood).await;
    let (guest, _) = connector(&[format!("tcp://127.0.0.1:{}", flood.port)], None);
    let plan = json!({ "to": format!("127.0.0.1:{}", flood.port), "receive": 100_000, "sleep_ms": 200 });
    assert_eq!(received(&dial(&guest, &plan).await.0).len(), 100_000);
    flood.closed().await;
}

#[tokio::test]
async fn servers_that_stall_tls_hold_nothing_after_their_request() {
    let stalling = TcpServer::start(Begin::Plain, Service::Silent).await;
    let echo = TcpServer::start(Begin::Plain, Service::Echo).await;
    let entries = [format!("tls://127.0.0.1:{}", stalling.port), format!("tcp://127.0.0.1:{}", echo.port)];
    let identity = Identity::new(&["a.example"], false);
    let (guest, _) = connector(&entries, Some(&identity));
    let plan = json!({ "to": format!("127.0.0.1:{}", stalling.port), "send": "a", "receive": 1 });
    let encoded = BASE64_URL_SAFE_NO_PAD.encode(plan.to_string());
    for _ in 0..20 {
        let (call, _) = call(Duration::from_millis(50));
        let answer = handle(&guest, request(&format!("tcp:{encoded}")), call).await;
        assert!(matches!(answer.result, Err(Fault::Deadline)), "{:?}", answer.result);
        answer.after.finish().await;
    }
    stalling.closed().await;
    let plan = json!({ "to": format!("127.0.0.1:{}", echo.port), "send": "a", "receive": 1 });
    assert_eq!(received(&dial(&guest, &plan).await.0), b"A");
}
