//! Servers that offer HTTPS but misbehave in the handshake, each in one way.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;

use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::certificate::{Certificates, Shown};
use super::{Shared, asked, bind};

type Servers = BTreeMap<&'static str, (&'static str, u16)>;

/// The reaction of a server to the client's hello.
#[derive(Clone, Copy)]
enum Greeted {
    Stall,
    Half,
    Garbage,
    Reset,
    Close,
    Alert,
    Flood,
}

pub(super) fn start(address: IpAddr, shared: &Shared, certificates: &Certificates, servers: &mut Servers) {
    for (name, greeted) in [
        ("tls-stall", Greeted::Stall),
        ("tls-half", Greeted::Half),
        ("tls-garbage", Greeted::Garbage),
        ("tls-reset", Greeted::Reset),
        ("tls-close", Greeted::Close),
        ("tls-alert", Greeted::Alert),
        ("tls-flood", Greeted::Flood),
    ] {
        let (listener, port) = bind(address);
        servers.insert(name, ("https", port));
        shared.listen(listener, move |stream| async move { drop(greet(stream, greeted).await) });
    }
    for (name, shown) in
        [("tls-name", Shown::OtherName), ("tls-stranger", Shown::Stranger), ("tls-expired", Shown::Expired)]
    {
        let (listener, port) = bind(address);
        servers.insert(name, ("https", port));
        let acceptor = certificates.acceptor(shown, &[b"http/1.1"]);
        shared.listen(listener, move |stream| {
            let acceptor = acceptor.clone();
            async move { drop(acceptor.accept(stream).await) }
        });
    }
    good(address, shared, certificates, servers);
    mute(address, shared, certificates, servers);
}

/// A well-behaved HTTP/1.1 server.
fn good(address: IpAddr, shared: &Shared, certificates: &Certificates, servers: &mut Servers) {
    let (listener, port) = bind(address);
    servers.insert("https", ("https", port));
    let acceptor = certificates.acceptor(Shown::Good, &[b"http/1.1"]);
    shared.listen(listener, move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let served = hyper::server::conn::http1::Builder::new();
            let _ = served.serve_connection(TokioIo::new(stream), service_fn(whole)).await;
        }
    });
}

/// The bytes that the path requests.
pub(super) async fn whole(request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
    Ok(Response::new(Full::new(asked(request.uri().path()).into())))
}

/// Completes the handshake and then sends nothing.
fn mute(address: IpAddr, shared: &Shared, certificates: &Certificates, servers: &mut Servers) {
    let (listener, port) = bind(address);
    servers.insert("tls-mute", ("https", port));
    let acceptor = certificates.acceptor(Shown::Good, &[b"http/1.1"]);
    shared.listen(listener, move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(_stream) = acceptor.accept(stream).await else { return };
            std::future::pending::<()>().await;
        }
    });
}

async fn greet(mut stream: TcpStream, greeted: Greeted) -> io::Result<()> {
    let mut hello = [0; 4096];
    if stream.read(&mut hello).await? == 0 {
        return Ok(());
    }
    match greeted {
        Greeted::Stall => std::future::pending().await,
        Greeted::Half => {
            stream.write_all(b"\x16\x03\x03\x40").await?;
            std::future::pending().await
        }
        Greeted::Garbage => {
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await?;
            std::future::pending().await
        }
        Greeted::Reset => stream.set_zero_linger(),
        Greeted::Close => Ok(()),
        // A fatal alert: handshake failure.
        Greeted::Alert => stream.write_all(b"\x15\x03\x03\x00\x02\x02\x28").await,
        // The start of a certificate of 16 MB, in records of four bytes.
        Greeted::Flood => {
            stream.write_all(b"\x16\x03\x03\x00\x04\x02\xff\xff\xff").await?;
            loop {
                stream.write_all(&b"\x16\x03\x03\x00\x04xxxx".repeat(500)).await?;
            }
        }
    }
}
