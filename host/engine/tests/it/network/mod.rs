//! Outgoing requests: which are allowed, over which connections they go, and how the others fail.

mod floods;
mod hostile;
mod judge;
mod names;
mod parity;
mod retries;
mod server;
mod signing;
mod tcp;
mod tcp_attacks;
mod tcp_denials;

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use funcserver_engine::{Allow, Fault, Guest, Limits, Network, Notice};
use funcserver_test_guest::Options;
use serde_json::{Value, json};

use names::Names;
use server::{Identity, Server, refusing};

use crate::common::{act, call, guest, handle, json, limits, request};

fn allowing(entries: &[&str]) -> Network {
    Network { allow: Allow::parse(entries.iter().copied()).unwrap(), ..Network::default() }
}

fn guest_with(network: Network) -> Guest {
    guest(Options { limits: limits(), network, ..Options::default() })
}

/// A guest that can call `https://shop.example:PORT` of a server, and its names.
fn shopper(server: &Server, identity: &Identity) -> (Guest, Arc<Names>) {
    let port = server.port();
    let names = Arc::new(Names::default());
    names.set("shop.example", &["127.0.0.1"]);
    let network = Network {
        roots: Some(identity.root()),
        resolver: names.clone(),
        ..allowing(&[&format!("https://*.example:{port}"), &format!("https://127.0.0.1:{port}")])
    };
    (guest_with(network), names)
}

/// The guest's report of a request, and the notices about it.
async fn send(guest: &Guest, wanted: &Value) -> (Value, Vec<Notice>) {
    let (answer, lines) = act(guest, &format!("request:{}", BASE64_URL_SAFE_NO_PAD.encode(wanted.to_string()))).await;
    let told = json(&answer.result.unwrap());
    assert_eq!(answer.after.finish().await, None);
    (told, lines.notices())
}

async fn fetch(guest: &Guest, url: &str) -> (Value, Vec<Notice>) {
    send(guest, &json!({ "url": url })).await
}

/// The server's view of a request that it mirrors.
async fn mirrored(guest: &Guest, wanted: &Value) -> Value {
    let (told, notices) = send(guest, wanted).await;
    assert_eq!(told["status"], 200, "{told} {notices:?}");
    serde_json::from_slice(&BASE64_STANDARD.decode(told["body_b64"].as_str().unwrap()).unwrap()).unwrap()
}

/// The error code and the only notice for a URL that cannot be fetched.
async fn refused(guest: &Guest, url: &str) -> (String, Notice) {
    let (told, notices) = fetch(guest, url).await;
    let [notice] = <[Notice; 1]>::try_from(notices).unwrap_or_else(|other| panic!("{url}: {told} {other:?}"));
    (told["error"].as_str().unwrap_or_else(|| panic!("{url}: {told}")).to_owned(), notice)
}

#[tokio::test]
async fn a_hundred_calls_share_one_connection() {
    let identity = Identity::new(&["shop.example"], false);
    let server = Server::https(&identity).await;
    let (guest, names) = shopper(&server, &identity);
    for call in 0..100 {
        let seen =
            mirrored(&guest, &json!({ "url": format!("https://shop.example:{}/a?b={call}", server.port()) })).await;
        assert_eq!(seen["version"], "HTTP/1.1");
        assert_eq!(seen["uri"], format!("/a?b={call}"));
    }
    assert_eq!((server.requests(), server.connections(), names.asked()), (100, 1, 1));
}

#[tokio::test]
async fn http_2_is_used_if_the_server_offers_it() {
    let identity = Identity::new(&["shop.example"], true);
    let server = Server::https(&identity).await;
    let (guest, _) = shopper(&server, &identity);
    let url = format!("https://shop.example:{}/a", server.port());
    let wanted = json!({ "url": url, "method": "POST", "body_b64": BASE64_STANDARD.encode("order") });
    for _ in 0..3 {
        let seen = mirrored(&guest, &wanted).await;
        assert_eq!(seen["version"], "HTTP/2.0");
        assert_eq!(seen["uri"], url);
        assert_eq!(seen["body_b64"], BASE64_STANDARD.encode("order"));
    }
    // Several concurrent instances share the connection too.
    let seen = futures_util::future::join_all((0..5).map(|_| mirrored(&guest, &wanted))).await;
    assert!(seen.iter().all(|seen| seen["connection"] == 1), "{seen:?}");
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_replaced() {
    for http2 in [false, true] {
        let identity = Identity::new(&["shop.example"], http2);
        let server = Server::https(&identity).await;
        let (guest, _) = shopper(&server, &identity);
        let wanted = json!({ "url": format!("https://shop.example:{}/", server.port()) });
        for connection in 1..=3 {
            assert_eq!(mirrored(&guest, &wanted).await["connection"], connection, "http2: {http2}");
            server.kill_connections();
        }
    }
}

/// As after a freeze: the client has not noticed, and sends on a dead connection.
#[tokio::test]
async fn a_request_on_a_dead_connection_is_sent_again_if_that_is_safe() {
    let server = Server::http().await;
    let guest = guest_with(allowing(&[&format!("http://127.0.0.1:{}", server.port())]));
    let url = format!("http://127.0.0.1:{}/mortal", server.port());
    mirrored(&guest, &json!({ "url": url })).await;
    assert_eq!(mirrored(&guest, &json!({ "url": url })).await["connection"], 2);
    assert_eq!(server.requests(), 3);

    // This is also the second request of its connection, but an order must not be placed twice.
    let (told, notices) = send(&guest, &json!({ "url": url, "method": "POST", "body_b64": "" })).await;
    assert_eq!(told["error"], "connection-terminated");
    assert!(matches!(&notices[..], [Notice::Failed { .. }]), "{notices:?}");
    assert_eq!((server.requests(), server.connections()), (4, 2));

    // A body that has been sent cannot be sent again.
    let put = json!({ "url": url, "method": "PUT", "headers": [["content-length", "1"]], "body_b64": "QQ==" });
    assert_eq!(mirrored(&guest, &put).await["connection"], 3);
    assert_eq!(send(&guest, &put).await.0["error"], "connection-terminated");
    assert_eq!((server.requests(), server.connections()), (6, 3));
}

#[tokio::test]
async fn name_port_and_scheme_decide() {
    let identity = Identity::new(&["shop.example", "*.shop.example"], false);
    let (secure, plain) = (Server::https(&identity).await, Server::http().await);
    let names = Arc::new(Names::default());
    for name in ["shop.example", "api.shop.example", "other.example"] {
        names.set(name, &["127.0.0.1"]);
    }
    let (tls, tcp) = (secure.port(), plain.port());
    let guest = guest_with(Network {
        roots: Some(identity.root()),
        resolver: names,
        ..allowing(&[
            &format!("https://shop.example:{tls}"),
            &format!("*.shop.example:{tls}"),
            &format!("http://shop.example:{tcp}"),
            &format!("127.0.0.1:{tls}"),
            &format!("127.0.0.1:{tcp}"),
        ])
    });
    for url in [
        format!("https://shop.example:{tls}/"),
        format!("https://SHOP.example.:{tls}/"),
        format!("https://api.shop.example:{tls}/"),
        format!("http://shop.example:{tcp}/"),
        format!("http://127.0.0.1:{tcp}/"),
    ] {
        assert_eq!(mirrored(&guest, &json!({ "url": url })).await["method"], "GET", "{url}");
    }
    let counts = (secure.requests(), plain.requests());
    for url in [
        format!("http://shop.example:{tls}"),
        format!("https://shop.example:{tcp}"),
        format!("http://api.shop.example:{tcp}"),
        format!("https://other.example:{tls}"),
        "https://shop.example".to_owned(),
        "https://evil-shop.example".to_owned(),
    ] {
        let (error, notice) = refused(&guest, &format!("{url}/path?secret")).await;
        assert_eq!(error, "HTTP-request-denied", "{url}");
        let Notice::Denied { to, allow, .. } = notice else { panic!("{notice:?}") };
        assert_eq!((&to, allow.as_ref()), (&url, Some(&url)));
    }
    assert_eq!((secure.requests(), plain.requests()), counts);
}

/// The name resolves to a different address each time.
#[tokio::test]
async fn a_name_cannot_change_its_address_between_check_and_connect() {
    let allowed = Server::http().await;
    let port = allowed.port();
    let forbidden = Server::at(format!("127.0.0.2:{port}").parse().unwrap()).await;
    let names = Arc::new(Names::default());
    names.set("shop.example", &["127.0.0.1", "127.0.0.2"]);
    let network = Network {
        resolver: names.clone(),
        ..allowing(&[&format!("http://shop.example:{port}"), &format!("http://127.0.0.1:{port}")])
    };
    let guest = guest_with(network);
    let url = format!("http://shop.example:{port}/");
    mirrored(&guest, &json!({ "url": url })).await;
    assert_eq!((names.asked(), allowed.connections(), forbidden.connections()), (1, 1, 0));

    // The checked connection is reused. The next connection is checked again.
    mirrored(&guest, &json!({ "url": url })).await;
    assert_eq!(names.asked(), 1);
    allowed.kill_connections();
    let (error, notice) = refused(&guest, &url).await;
    assert_eq!(error, "HTTP-request-denied");
    let entry = format!("http://127.0.0.2:{port}");
    assert!(matches!(&notice, Notice::Denied { allow: Some(allow), .. } if *allow == entry), "{notice:?}");
    assert_eq!(forbidden.connections(), 0);
}

#[tokio::test]
async fn no_spelling_reaches_the_runtime_api_or_the_metadata() {
    let runtime_api = Server::http().await;
    let port = runtime_api.port();
    let names = Arc::new(Names::default());
    names.set("api.example", &["127.0.0.1"]);
    names.set("mapped.example", &["::ffff:127.0.0.1"]);
    names.set("any.example", &["0.0.0.0"]);
    names.set("localhost", &["127.0.0.1"]);
    names.set("metadata.example", &["169.254.169.254"]);
    names.set("nat64.example", &["64:ff9b::a9fe:a9fe"]);
    let ours = ["127.0.0.1", "0.0.0.0", "[::]", "localhost", "[::1]"].map(|host| format!("http://{host}:{port}"));
    let mut entries: Vec<&str> = ours.iter().map(String::as_str).collect();
    entries.push("*");
    let guest = guest_with(Network {
        reserved: Some(runtime_api.address.to_string().parse().unwrap()),
        resolver: names,
        ..allowing(&entries)
    });
    let hosts = [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "api.example",
        "mapped.example",
        "any.example",
    ];
    let metadata = [
        "169.254.169.254",
        "169.254.43518",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[::a9fe:a9fe]",
        "[64:ff9b::169.254.169.254]",
        "[2002:a9fe:a9fe::]",
        "[fd00:ec2::254]",
        "metadata.example",
        "nat64.example",
    ];
    let urls = hosts
        .iter()
        .map(|host| format!("http://{host}:{port}/2018-06-01/runtime/invocation/next"))
        .chain(metadata.iter().map(|host| format!("http://{host}/latest/meta-data/")));
    for url in urls {
        let (error, notice) = refused(&guest, &url).await;
        assert_eq!(error, "HTTP-request-denied", "{url}");
        assert!(matches!(notice, Notice::Denied { .. }), "{url}: {notice:?}");
    }
    assert_eq!(runtime_api.connections(), 0);
}

#[tokio::test]
async fn urls_without_an_origin_are_refused() {
    let server = Server::http().await;
    let port = server.port();
    let guest = guest_with(allowing(&[&format!("http://127.0.0.1:{port}"), "http://allowed.example"]));
    for (url, error) in [
        (format!("http://allowed.example@127.0.0.1:{port}/"), "HTTP-request-URI-invalid"),
        (format!("http://allowed.example:80@127.0.0.1:{port}/"), "HTTP-request-URI-invalid"),
        ("http://127.0.0.999/".to_owned(), "HTTP-request-URI-invalid"),
    ] {
        let (told, _) = fetch(&guest, &url).await;
        assert_eq!(told["error"], error, "{url}: {told}");
    }
    let tunnel = json!({ "url": format!("http://127.0.0.1:{port}/"), "method": "CONNECT" });
    assert_eq!(send(&guest, &tunnel).await.0["error"], "HTTP-request-method-invalid");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn headers_of_the_connection_are_the_hosts() {
    let server = Server::http().await;
    let guest = guest_with(allowing(&[&format!("http://127.0.0.1:{}", server.port())]));
    let url = format!("http://127.0.0.1:{}", server.port());
    let forged = [
        "connection",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
        "http2-settings",
        "x-named",
    ];
    let mut headers: Vec<(&str, &str)> = forged.iter().map(|name| (*name, "x-named")).collect();
    headers.extend([("host", "forged.example"), ("accept", "text/plain"), ("x-own", "1")]);
    let seen = mirrored(&guest, &json!({ "url": format!("{url}/a"), "headers": headers })).await;
    let host = format!("127.0.0.1:{}", server.port());
    assert_eq!(seen["headers"], json!([["accept", "text/plain"], ["x-own", "1"], ["host", host]]));

    let (told, _) = fetch(&guest, &format!("{url}/headers")).await;
    let names: Vec<&str> = told["headers"].as_array().unwrap().iter().map(|pair| pair[0].as_str().unwrap()).collect();
    assert!(names.contains(&"x-own") && !names.contains(&"keep-alive"), "{names:?}");
}

#[tokio::test]
async fn bodies_arrive_whole_in_both_directions() {
    let server = Server::http().await;
    let guest = guest_with(allowing(&[&format!("http://127.0.0.1:{}", server.port())]));
    let body = BASE64_STANDARD.encode(vec![7; 20_000]);
    for headers in [json!([]), json!([["content-length", "20000"]])] {
        let wanted = json!({
            "url": format!("http://127.0.0.1:{}/", server.port()),
            "method": "POST", "headers": headers, "body_b64": body,
        });
        assert_eq!(mirrored(&guest, &wanted).await["body_b64"], body);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_incomplete() {
    let server = Server::http().await;
    let guest = guest_with(allowing(&[&format!("http://127.0.0.1:{}", server.port())]));
    let (told, _) = fetch(&guest, &format!("http://127.0.0.1:{}/cut", server.port())).await;
    assert_eq!((&told["status"], &told["whole"]), (&json!(200), &json!(false)));
}

#[tokio::test]
async fn an_endless_response_costs_the_guest_its_own_memory() {
    let server = Server::http().await;
    let network = allowing(&[&format!("http://127.0.0.1:{}", server.port())]);
    let guest = guest(Options { limits: Limits { memory: 16 << 20, ..limits() }, network, ..Options::default() });
    let (answer, _) = act(&guest, &format!("fetch:http://127.0.0.1:{}/endless", server.port())).await;
    assert!(matches!(answer.result, Err(Fault::Memory { .. })), "{:?}", answer.result);
}

#[tokio::test]
async fn redirects_are_left_to_the_guest() {
    let server = Server::http().await;
    let guest = guest_with(allowing(&[&format!("http://127.0.0.1:{}", server.port())]));
    let (told, notices) = fetch(&guest, &format!("http://127.0.0.1:{}/redirect", server.port())).await;
    assert_eq!((&told["status"], notices), (&json!(302), vec![]));
}

#[tokio::test]
async fn the_guest_waits_as_long_as_it_asks() {
    let server = Server::http().await;
    // It accepts connections, and never sends a byte.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, silent_port) = (server.port(), silent.local_addr().unwrap().port());
    let identity = Identity::new(&[], false);
    let network = Network {
        roots: Some(identity.root()),
        ..allowing(&[&format!("http://127.0.0.1:{port}"), &format!("https://127.0.0.1:{silent_port}")])
    };
    let guest = guest_with(network);
    let started = Instant::now();
    for (url, wait, error) in [
        (format!("https://127.0.0.1:{silent_port}/"), "connect_ms", "connection-timeout"),
        (format!("http://127.0.0.1:{port}/mute"), "first_byte_ms", "connection-read-timeout"),
    ] {
        let (told, _) = send(&guest, &json!({ "url": url, wait: 100 })).await;
        assert_eq!(told["error"], error, "{url}");
    }
    let (told, _) =
        send(&guest, &json!({ "url": format!("http://127.0.0.1:{port}/stutter"), "between_bytes_ms": 100 })).await;
    assert_eq!((&told["whole"], &told["body_b64"]), (&json!(false), &json!(BASE64_STANDARD.encode("first"))));
    let long = json!({ "url": format!("http://127.0.0.1:{port}/"), "connect_ms": 9000, "first_byte_ms": 9000, "between_bytes_ms": 9000 });
    mirrored(&guest, &long).await;
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

#[tokio::test]
async fn the_deadline_ends_a_request_that_waits() {
    let server = Server::http().await;
    let guest = guest_with(allowing(&[&format!("http://127.0.0.1:{}", server.port())]));
    for path in ["mute", "stutter"] {
        let (call, _) = call(Duration::from_millis(300));
        let started = Instant::now();
        let answer = handle(&guest, request(&format!("fetch:http://127.0.0.1:{}/{path}", server.port())), call).await;
        assert!(matches!(answer.result, Err(Fault::Deadline)), "{path}");
        assert!(started.elapsed() < Duration::from_secs(5), "{path} ended after {:?}", started.elapsed());
    }
    mirrored(&guest, &json!({ "url": format!("http://127.0.0.1:{}/", server.port()) })).await;
}

#[tokio::test]
async fn each_connect_failure_has_its_code_and_reason() {
    let identity = Identity::new(&["shop.example"], false);
    let server = Server::https(&identity).await;
    let plain = Server::http().await;
    let port = server.port();
    let refusing = refusing();
    let gone = refusing.local_addr().unwrap().port();
    let names = Arc::new(Names::default());
    names.set("shop.example", &["127.0.0.1"]);
    names.set("other.example", &["127.0.0.1"]);
    let ports = [port, plain.port(), gone].map(|port| format!("127.0.0.1:{port}"));
    let allow: Vec<&str> = ports.iter().map(String::as_str).chain(["*"]).collect();
    let network = Network { roots: Some(identity.root()), resolver: names, ..allowing(&allow) };

    let ours = guest_with(network.clone());
    let stranger = Identity::new(&["shop.example"], false);
    let others = guest_with(Network { roots: Some(stranger.root()), ..network.clone() });
    let rootless = guest_with(Network { roots: Some(identity.folder().join("none.pem")), ..network });
    for (guest, url, error, reason) in [
        (&ours, "https://nowhere.example/".to_owned(), "DNS-error", "no such name in this test"),
        (&ours, format!("http://127.0.0.1:{gone}/"), "connection-refused", "refused"),
        (&ours, format!("https://other.example:{port}/"), "TLS-certificate-error", "other.example"),
        (&ours, format!("https://127.0.0.1:{}/", plain.port()), "TLS-protocol-error", "corrupt"),
        (&others, format!("https://shop.example:{port}/"), "TLS-certificate-error", "invalid peer certificate"),
        (&rootless, format!("https://shop.example:{port}/"), "configuration-error", "none.pem"),
    ] {
        let (code, notice) = refused(guest, &url).await;
        let Notice::Failed { reason: told, .. } = &notice else { panic!("{url}: {notice:?}") };
        assert_eq!(code, error, "{url}: {told}");
        assert!(told.contains(reason), "{url}: {told}");
    }
    assert_eq!(server.requests(), 0);
}
