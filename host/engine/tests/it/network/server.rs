//! A server on loopback that counts its connections, with or without TLS from a root certificate of its own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;

pub struct Server {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    open: Arc<Mutex<Vec<AbortHandle>>>,
}

/// A port that refuses connections: bound, so that nobody else gets it, but without `listen`.
pub fn refusing() -> TcpSocket {
    let bound = TcpSocket::new_v4().unwrap();
    bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    bound
}

/// A certificate for some names, and its root certificate.
pub struct Identity {
    folder: tempfile::TempDir,
    config: Arc<ServerConfig>,
}

impl Identity {
    pub fn new(names: &[&str], http2: bool) -> Self {
        let mut root = CertificateParams::default();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &root).unwrap();

        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("root.pem"), root.pem()).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.into()], key.into())
            .unwrap();
        config.alpn_protocols = if http2 { vec![b"h2".to_vec()] } else { vec![b"http/1.1".to_vec()] };
        Self { folder, config: Arc::new(config) }
    }

    /// The root certificate, as PEM.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Server {
    pub async fn http() -> Self {
        Self::start("127.0.0.1:0", None).await
    }

    pub async fn https(identity: &Identity) -> Self {
        Self::start("127.0.0.1:0", Some(identity.config.clone())).await
    }

    /// A server on any loopback address, all of which exist on Linux.
    pub async fn at(address: SocketAddr) -> Self {
        Self::start(&address.to_string(), None).await
    }

    async fn start(address: &str, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            requests: Arc::default(),
            open: Arc::default(),
        };
        let (connections, requests, open) = (server.connections.clone(), server.requests.clone(), server.open.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = connections.fetch_add(1, Ordering::SeqCst) + 1;
                let task = tokio::spawn(connection(stream, tls.clone(), number, requests.clone()));
                open.lock().unwrap().push(task.abort_handle());
            }
        });
        server
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The number of connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The number of requests so far.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Closes all open connections, even with requests in progress.
    pub fn kill_connections(&self) {
        self.open.lock().unwrap().drain(..).for_each(|task| task.abort());
    }
}

async fn connection(stream: TcpStream, tls: Option<Arc<ServerConfig>>, number: usize, requests: Arc<AtomicUsize>) {
    match tls {
        None => serve(stream, number, requests).await,
        Some(config) => {
            // If the client does not trust the certificate, there is no stream.
            if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
                serve(stream, number, requests).await;
            }
        }
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    number: usize,
    requests: Arc<AtomicUsize>,
) {
    // The number of requests on this connection so far.
    let served = Arc::new(AtomicUsize::new(0));
    let service = service_fn(move |request| {
        requests.fetch_add(1, Ordering::SeqCst);
        answer(request, number, served.fetch_add(1, Ordering::SeqCst) + 1)
    });
    // The client may close connections at any time.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

type Body = UnsyncBoxBody<Bytes, &'static str>;

/// An error closes the connection without an answer.
async fn answer(request: Request<Incoming>, connection: usize, served: usize) -> Result<Response<Body>, &'static str> {
    let path = request.uri().path().to_owned();
    match path.as_str() {
        "/mute" => std::future::pending().await,
        // The second request is sent on a connection that then fails.
        "/mortal" if served == 2 => Err("dead"),
        "/redirect" => {
            let response = Response::builder().status(302).header("location", "http://127.0.0.1:9/");
            Ok(response.body(empty()).unwrap())
        }
        "/stutter" => Ok(Response::new(chunks("first", |_| Box::pin(std::future::pending())))),
        "/cut" => Ok(Response::new(chunks("first", |_| Box::pin(async { Some(Err("cut")) })))),
        "/endless" => {
            Ok(Response::new(chunks("first", |_| Box::pin(async { Some(Ok(Bytes::from_static(&[b'x'; 65536]))) }))))
        }
        "/headers" => {
            let response = Response::builder().header("keep-alive", "timeout=5").header("x-own", "1");
            Ok(response.body(empty()).unwrap())
        }
        "/lines" => {
            // Hyper adds it only for HTTP/1.1.
            let mut response = Response::builder().header("content-length", "0").body(empty()).unwrap();
            for line in 0..1000 {
                response.headers_mut().append("x-line", HeaderValue::from(line));
            }
            Ok(response)
        }
        "/large" => Ok(Response::builder()
            .header("content-length", "0")
            .header("x-large", "x".repeat(40_000))
            .body(empty())
            .unwrap()),
        "/latin" => {
            let value = HeaderValue::from_bytes(b"caf\xe9").unwrap();
            Ok(Response::builder().header("content-length", "0").header("x-latin", value).body(empty()).unwrap())
        }
        "/trailers" => {
            let trailers = [(HeaderName::from_static("x-sum"), HeaderValue::from_static("1"))].into_iter().collect();
            let frames = [Ok(Frame::data(Bytes::from_static(b"hello"))), Ok(Frame::trailers(trailers))];
            let body = StreamBody::new(stream::iter(frames)).boxed_unsync();
            Ok(Response::builder().header("trailer", "x-sum").body(body).unwrap())
        }
        "/unsized" => Ok(Response::new(
            StreamBody::new(stream::iter([Ok(Frame::data(Bytes::from_static(b"hello")))])).boxed_unsync(),
        )),
        // What a service answers whose clock is another.
        "/skewed" => {
            let response = Response::builder().status(403).header("date", "Wed, 01 Jan 2020 00:00:00 GMT");
            Ok(response.body(empty()).unwrap())
        }
        // What services answer that refuse credentials, in JSON and in XML; the second one in pieces.
        "/expired" => {
            let body = r#"{"__type":"com.amazon.coral.service#ExpiredTokenException","message":"expired"}"#;
            let body = StreamBody::new(stream::iter([Ok(Frame::data(Bytes::from(body)))])).boxed_unsync();
            Ok(Response::builder().status(400).body(body).unwrap())
        }
        "/unknown-key" => {
            let pieces =
                ["<Error><Code>InvalidAcc", "essKeyId</Code><Message>", &"long".repeat(4096), "</Message></Error>"]
                    .map(|piece| Ok(Frame::data(Bytes::from(piece.to_owned()))));
            Ok(Response::builder().status(403).body(StreamBody::new(stream::iter(pieces)).boxed_unsync()).unwrap())
        }
        "/no-content" => Ok(Response::builder().status(204).body(empty()).unwrap()),
        "/not-modified" => Ok(Response::builder().status(304).header("etag", "\"1\"").body(empty()).unwrap()),
        "/head" => Ok(Response::builder().header("content-length", "1000").body(empty()).unwrap()),
        _ => Ok(mirror(request, connection).await),
    }
}

/// The largest body that is mirrored.
const MAX_MIRRORED: usize = 64 * 1024;

/// The received request, as JSON. A large body is only measured and hashed.
async fn mirror(request: Request<Incoming>, connection: usize) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return Response::builder().status(500).body(empty()).unwrap();
    };
    let trailers = body.trailers().map(pairs);
    let body = body.to_bytes();
    let mut seen = json!({
        "connection": connection,
        "method": parts.method.as_str(),
        "uri": parts.uri.to_string(),
        "version": format!("{:?}", parts.version),
        "headers": pairs(&parts.headers),
        "body_b64": (body.len() <= MAX_MIRRORED).then(|| BASE64_STANDARD.encode(&body)),
        "trailers": trailers,
    });
    if body.len() > MAX_MIRRORED {
        seen["body_bytes"] = json!(body.len());
        seen["body_sha256"] = json!(format!("{:x}", Sha256::digest(&body)));
    }
    Response::new(Full::from(seen.to_string()).map_err(infallible).boxed_unsync())
}

/// Header fields as pairs. Values are read as Latin-1.
fn pairs(headers: &HeaderMap) -> Value {
    let text = |value: &HeaderValue| value.as_bytes().iter().map(|&byte| char::from(byte)).collect::<String>();
    headers.iter().map(|(name, value)| json!([name.as_str(), text(value)])).collect()
}

type Piece = std::pin::Pin<Box<dyn Future<Output = Option<Result<Bytes, &'static str>>> + Send>>;

/// A body with a first piece, and further pieces from `next` a moment later.
fn chunks(first: &'static str, next: fn(usize) -> Piece) -> Body {
    let start = stream::iter([Ok(Bytes::from_static(first.as_bytes()))]);
    let rest = stream::unfold(0, move |count| async move {
        if count == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some((next(count).await?, count + 1))
    });
    StreamBody::new(start.chain(rest).map(|piece| piece.map(Frame::data))).boxed_unsync()
}

fn empty() -> Body {
    Full::default().map_err(infallible).boxed_unsync()
}

fn infallible(never: Infallible) -> &'static str {
    match never {}
}
