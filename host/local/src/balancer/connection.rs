//! One connection of a client.

use super::body::IDLE;
use super::exchange::exchange;
use super::record::Open;
use super::{BalancerOptions, Handler};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// The largest head that is read to its end, so that it gets our answer and not an empty one, in bytes.
const MAX_READ: usize = 1024 * 1024;
/// As many header lines as 64 KiB can hold. A header map takes them without a panic; the parser's room for them costs 14 µs a
/// request.
const MAX_HEADERS: usize = 16 * 1024;

/// What all connections share.
pub(super) struct Front<H> {
    pub(super) options: BalancerOptions,
    pub(super) handler: H,
    pub(super) port: u16,
}

/// Serves one connection, until it ends or, after `closing`, its request on the way is answered.
pub(super) async fn serve<H: Handler>(
    front: Arc<Front<H>>,
    stream: TcpStream,
    client: SocketAddr,
    mut closing: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let front = Arc::clone(&front);
        async move { Ok::<_, Infallible>(exchange(&front, client, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        // A client that has sent everything may close its half and still read the answer.
        .half_close(true)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_READ)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let closing = async { closing.wait_for(|closing| *closing).await.is_ok() };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = closing => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended
        && error.is_parse()
    {
        let status = answered(&error);
        Open::new(&front.options.log, client, "-", "-".into()).close(status, None, Some(error.to_string()));
    }
}

/// The status that the parser answers with. It tells nothing else of the request.
fn answered(error: &hyper::Error) -> u16 {
    match error.is_parse_too_large() {
        true if error.to_string().contains("URI") => 414,
        true => 431,
        false => 400,
    }
}
