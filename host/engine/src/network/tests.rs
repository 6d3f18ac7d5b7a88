//! Tests the limits of a client without a guest.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::notice::Notices;
use super::origin::Origin;
use super::response_body::ResponseBody;
use super::*;
use crate::memory_left::MemoryLeft;
use crate::output::OutputSink;
use crate::weigh::Waiting;

mod http2;

/// A resolver that returns 127.0.0.1 for every name.
struct Here;

impl Resolve for Here {
    fn resolve(&self, _: &str) -> Resolving {
        Box::pin(async { Ok(vec![[127, 0, 0, 1].into()]) })
    }
}

/// A queue with room for all waiting requests.
fn waiting() -> Arc<Waiting> {
    Arc::new(Waiting::new(1 << 20))
}

/// A server that keeps its connections open, and a network that allows it under any name.
async fn server() -> (u16, Network) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(|_| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello"))) });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    let allow = Allow::parse(["*", &format!("127.0.0.1:{port}")]).unwrap();
    (port, Network { allow, resolver: Arc::new(Here), ..Network::default() })
}

/// An instance's memory without a limit.
fn memory() -> Arc<MemoryLeft> {
    Arc::new(MemoryLeft::new(usize::MAX, None))
}

fn request(name: &str, port: u16) -> Request<WasiBody> {
    let body = Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync();
    Request::get(format!("http://{name}:{port}/")).body(body).unwrap()
}

#[tokio::test]
async fn unused_connections_make_room_for_others() {
    let (port, network) = server().await;
    let client = Client::with_connections(&network, 2, 2);
    for number in 0..8 {
        let request = request(&format!("shop-{number}.example"), port);
        let origin = Origin::of(request.uri()).unwrap();
        let sent = timeout(Duration::from_secs(5), client.send(request, &origin, RequestOptions::default())).await;
        let answer = sent.unwrap_or_else(|_| panic!("no room for connection {number}")).unwrap();
        assert_eq!(answer.response.into_body().collect().await.unwrap().to_bytes(), "hello");
    }
}

#[tokio::test]
async fn requests_wait_until_an_earlier_response_is_read() {
    let (port, network) = server().await;
    let mut hooks = Hooks::new(Arc::new(Client::new(&network)), OutputSink::default(), 1, waiting(), memory());
    let mut send = || Pin::from(hooks.send_request(request("shop.example", port), None, Box::new(async { Ok(()) })));
    let (first, _) = send().await.unwrap();
    let mut second = send();
    assert!(timeout(Duration::from_millis(100), &mut second).await.is_err(), "two requests at once");
    assert_eq!(first.into_body().collect().await.unwrap().to_bytes(), "hello");
    let (second, _) = timeout(Duration::from_secs(5), second).await.unwrap().unwrap();
    assert_eq!(second.status(), 200);
}

/// A server that accepts connections but never answers, and the number of waiting connections.
async fn stalling() -> (u16, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    (listener.local_addr().unwrap().port(), listener)
}

async fn get(client: &Client, url: String, connect: Option<Duration>) -> Result<(), String> {
    let body = Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync();
    let request = Request::get(url).body(body).unwrap();
    let origin = Origin::of(request.uri()).unwrap();
    let options = RequestOptions { connect_timeout: connect, ..RequestOptions::default() };
    let answer = client.send(request, &origin, options).await;
    answer.map(drop).map_err(|failure| error::text(&failure))
}

/// A network that allows everything, with roots that have signed no certificate.
fn network(ports: &[u16]) -> (Network, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    let key = rcgen::KeyPair::generate().unwrap();
    let root = rcgen::CertificateParams::default().self_signed(&key).unwrap();
    std::fs::write(&roots, root.pem()).unwrap();
    let entries: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let allow = Allow::parse(entries.iter().map(String::as_str).chain(["*"])).unwrap();
    (Network { allow, roots: Some(roots), resolver: Arc::new(Here), ..Network::default() }, folder)
}

/// The TLS handshake counts towards the limit, and its connection is released afterwards.
#[tokio::test]
async fn a_server_that_stalls_tls_holds_a_connection_for_the_connect_timeout_at_most() {
    let (port, _) = server().await;
    let (stalling, listener) = stalling().await;
    let (network, _folder) = network(&[port, stalling]);
    let client = Client::with_connections(&network, 2, 2);
    let wait = Some(Duration::from_millis(300));
    for _ in 0..3 {
        let url = format!("https://shop.example:{stalling}/");
        let failure = futures_util::future::join(get(&client, url.clone(), wait), get(&client, url, wait)).await;
        assert!(failure.0.unwrap_err().contains("the connect timeout passed"));
        assert!(failure.1.unwrap_err().contains("the connect timeout passed"));
    }
    // The client has closed its connections.
    for _ in 0..6 {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut sink = tokio::io::sink();
        let left = tokio::io::copy(&mut stream, &mut sink);
        drop(timeout(Duration::from_secs(10), left).await.expect("the connection is still open"));
    }
    assert_eq!(get(&client, format!("http://shop.example:{port}/"), None).await, Ok(()));
}

#[tokio::test]
async fn one_server_that_stalls_leaves_room_for_others() {
    let (port, _) = server().await;
    let (stalling, _listener) = stalling().await;
    let (network, _folder) = network(&[port, stalling]);
    let client = Arc::new(Client::with_connections(&network, 4, 2));
    let waiting: Vec<_> = (0..8)
        .map(|_| {
            let (client, url) = (client.clone(), format!("https://shop.example:{stalling}/"));
            tokio::spawn(async move { get(&client, url, Some(Duration::from_secs(60))).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let served = get(&client, format!("http://other.example:{port}/"), None);
    assert_eq!(timeout(Duration::from_secs(5), served).await.expect("no room for another server"), Ok(()));
    // The error of a request to the same server says that it had to wait for a connection.
    let late = get(&client, format!("https://shop.example:{stalling}/"), Some(Duration::from_millis(100))).await;
    assert!(late.unwrap_err().contains("the limit of connections"));
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
    for task in waiting {
        assert!(task.await.unwrap_err().is_cancelled());
    }
    // Their connections are released.
    let late = get(&client, format!("https://shop.example:{stalling}/"), Some(Duration::from_millis(100))).await;
    assert!(late.unwrap_err().contains("the connect timeout passed"));
}

/// A request that waits for a connection gets one that another request has released.
#[tokio::test]
async fn a_released_connection_serves_a_waiting_request() {
    let (port, network) = server().await;
    let client = Client::with_connections(&network, 8, 1);
    let send = || {
        let request = request("shop.example", port);
        let origin = Origin::of(request.uri()).unwrap();
        let client = &client;
        async move { client.send(request, &origin, RequestOptions::default()).await.unwrap() }
    };
    let first = send().await;
    let mut second = Box::pin(send());
    assert!(timeout(Duration::from_millis(200), &mut second).await.is_err());
    let patience = Arc::new(tokio::sync::Semaphore::new(1)).acquire_owned().await.unwrap();
    let of = (Origin::of(request("shop.example", port).uri()).unwrap(), Arc::new(Notices::new(OutputSink::default())));
    let body = ResponseBody::new(first.response.into_body(), None, (first.lease, patience), of);
    assert_eq!(body.collect().await.unwrap().to_bytes(), "hello");
    timeout(Duration::from_secs(5), second).await.expect("it waits for ever");
}

/// The guest's write ends with the connection, even if the guest has not read the response.
#[tokio::test]
async fn a_body_ends_with_its_connection_while_its_response_is_kept() {
    let (port, listener) = stalling().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap();
        stream.write_all(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno").await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    });
    let (network, _folder) = network(&[port]);
    let client = Client::new(&network);
    let held = Arc::new(());
    let theirs = held.clone();
    let pieces = futures_util::stream::repeat_with(move || {
        let _ = &theirs;
        Ok(http_body::Frame::data(Bytes::from_static(&[0; 65536])))
    });
    let body = http_body_util::StreamBody::new(pieces).boxed_unsync();
    let request = Request::post(format!("http://shop.example:{port}/")).body(body).unwrap();
    let origin = Origin::of(request.uri()).unwrap();
    let answer = client.send(request, &origin, RequestOptions::default()).await.unwrap();
    let ended = async {
        while Arc::strong_count(&held) > 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), ended).await.expect("it is kept");
    assert_eq!(answer.response.status(), 413);
}

/// A guest of 0.3 gets the result of sending a body, as with wasmtime's own client.
#[tokio::test]
async fn the_result_of_sending_a_body_is_reported() {
    let (port, network) = server().await;
    let mut hooks = Hooks::new(Arc::new(Client::new(&network)), OutputSink::default(), 8, waiting(), memory());
    let mut post = |body: WasiBody, received: Box<dyn Future<Output = Result<(), Error>> + Send>| {
        let request = Request::post(format!("http://shop.example:{port}/")).body(body).unwrap();
        Pin::from(hooks.send_request(request, None, received))
    };
    let never = || Box::new(std::future::pending());
    let whole = || Full::from("hello").map_err(|never| match never {}).boxed_unsync();
    // The server answers without reading the body, so it never ends.
    let endless = || {
        let pieces = futures_util::stream::repeat_with(|| Ok(http_body::Frame::data(Bytes::from_static(&[0; 65536]))));
        http_body_util::StreamBody::new(pieces).boxed_unsync()
    };

    let (response, sent) = post(whole(), never()).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
    assert!(Pin::from(sent).await.is_ok());

    let (response, sent) = post(endless(), never()).await.unwrap();
    drop(response);
    let ended = timeout(Duration::from_secs(10), Pin::from(sent)).await.expect("it is sent for ever");
    assert!(matches!(ended, Err(Error::ConnectionTerminated)), "{ended:?}");

    // In 0.2 the guest does not get the result, and wasmtime would log it.
    let (_response, sent) = post(endless(), Box::new(async { Ok(()) })).await.unwrap();
    assert!(Pin::from(sent).await.is_ok());
}
