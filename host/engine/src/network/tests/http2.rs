//! HTTP/2 connections, which several requests share.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use hyper_util::rt::TokioExecutor;

use super::*;

/// A server of HTTP/2 that accepts `streams` concurrent requests on a connection and answers each with 300 KiB. Returns
/// also a network that allows and trusts it, and its port.
async fn server_of_http2(streams: u32) -> (u16, Network, tempfile::TempDir, Arc<AtomicUsize>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(["shop.example".to_owned()]).unwrap().self_signed(&key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, certificate.pem()).unwrap();
    let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], key.into())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let (port, listener) = stalling().await;
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, SeqCst);
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let body = || Full::<Bytes>::from(vec![b'x'; 300 << 10]);
                let service = service_fn(move |_| async move { Ok::<_, Infallible>(Response::new(body())) });
                let mut http2 = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                let _ = http2.max_concurrent_streams(streams).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    let allow = Allow::parse(["*", &format!("127.0.0.1:{port}")]).unwrap();
    let network = Network { allow, roots: Some(roots), resolver: Arc::new(Here), ..Network::default() };
    (port, network, folder, connections)
}

/// Unread responses use up neither the window of a connection nor its streams.
#[tokio::test]
async fn unread_responses_block_no_other_over_http_2() {
    for (streams, expected) in [(100, 2), (1, 21)] {
        let (port, network, _folder, connections) = server_of_http2(streams).await;
        let client = Client::new(&network);
        let url = format!("https://shop.example:{port}/");
        let origin = Origin::of(&url.parse().unwrap()).unwrap();
        let send = || {
            let body = Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync();
            client.send(Request::get(&url).body(body).unwrap(), &origin, RequestOptions::default())
        };
        let mut unread = Vec::new();
        for _ in 0..20 {
            unread.push(timeout(Duration::from_secs(20), send()).await.expect("it waits to be sent").unwrap());
        }
        let answer = timeout(Duration::from_secs(20), send()).await.expect("it waits to be sent").unwrap();
        let read = timeout(Duration::from_secs(20), answer.response.into_body().collect());
        assert_eq!(read.await.expect("it waits to be read").unwrap().to_bytes().len(), 300 << 10);
        assert_eq!(connections.load(SeqCst), expected, "{streams} at once");
    }
}

/// An HTTP/2 connection without requests makes room for a connection to another server.
#[tokio::test]
async fn an_unused_http_2_connection_makes_room_for_a_waiting_request() {
    let (port, network, _folder, connections) = server_of_http2(1).await;
    let client = Client::with_connections(&network, 1, 1);
    let url = |name: &str| format!("https://{name}.example:{port}/");
    let body = Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync();
    let request = Request::get(url("shop")).body(body).unwrap();
    let origin = Origin::of(request.uri()).unwrap();
    let first = client.send(request, &origin, RequestOptions::default()).await.unwrap();
    let mut second = Box::pin(get(&client, url("other"), None));
    assert!(timeout(Duration::from_millis(200), &mut second).await.is_err());
    drop(first);
    // The certificate is for another name. Only the room for a connection matters here.
    let told = timeout(Duration::from_secs(5), second).await.expect("it waits for ever").unwrap_err();
    assert!(told.contains("certificate"), "{told}");
    assert_eq!(connections.load(SeqCst), 2);
}
