//! What one client bounds, seen without a guest.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::time::timeout;
use wasmtime_wasi_http::{RequestOptions, WasiBody, WasiHttpHooks};

use super::origin::Origin;
use super::*;
use crate::call::{Output, Stream};

/// Every name is this machine.
struct Here;

impl Resolve for Here {
    fn resolve(&self, _: &str) -> Resolving {
        Box::pin(async { Ok(vec![[127, 0, 0, 1].into()]) })
    }
}

struct Silent;

impl Output for Silent {
    fn line(&self, _: Stream, _: &str) {}
}

/// A server that keeps its connections, and a network that allows it under any name.
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

fn request(name: &str, port: u16) -> Request<WasiBody> {
    let body = Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync();
    Request::get(format!("http://{name}:{port}/")).body(body).unwrap()
}

#[tokio::test]
async fn connections_that_nobody_uses_make_room_for_others() {
    let (port, network) = server().await;
    let client = Client::with_connections(&network, 2);
    for number in 0..8 {
        let request = request(&format!("shop-{number}.example"), port);
        let origin = Origin::of(request.uri()).unwrap();
        let sent = timeout(Duration::from_secs(5), client.send(request, &origin, RequestOptions::default())).await;
        let body = sent.unwrap_or_else(|_| panic!("no room for connection {number}")).unwrap().into_body();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "hello");
    }
}

#[tokio::test]
async fn requests_wait_until_an_earlier_response_is_read() {
    let (port, network) = server().await;
    let mut hooks = Hooks::new(Arc::new(Client::new(&network)), Arc::new(Silent), 1);
    let mut send = || Pin::from(hooks.send_request(request("shop.example", port), None, Box::new(async { Ok(()) })));
    let (first, _) = send().await.unwrap();
    let mut second = send();
    assert!(timeout(Duration::from_millis(100), &mut second).await.is_err(), "two requests at once");
    assert_eq!(first.into_body().collect().await.unwrap().to_bytes(), "hello");
    let (second, _) = timeout(Duration::from_secs(5), second).await.unwrap().unwrap();
    assert_eq!(second.status(), 200);
}
