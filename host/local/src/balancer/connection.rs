//! Serves one client connection.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::body::IDLE;
use super::exchange::exchange;
use super::record::PendingRecord;
use super::{BalancerOptions, Handler};

/// The largest request head in bytes that is read to its end. Up to this size, the client gets our error page instead
/// of an empty response.
const MAX_READ: usize = 1024 * 1024;
/// The most header lines: as many as 64 KiB can hold. A header map has room for them without a panic. The parser's
/// space for them costs 14 µs for each request.
const MAX_HEADERS: usize = 16 * 1024;

/// The state that all connections share.
pub(super) struct ServerContext<H> {
    pub(super) options: BalancerOptions,
    pub(super) handler: H,
    pub(super) port: u16,
}

/// Serves a connection until it ends. After `closing`, it ends once the current request is answered.
pub(super) async fn serve<H: Handler>(
    context: Arc<ServerContext<H>>,
    stream: TcpStream,
    client: SocketAddr,
    mut closing: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let context = context.clone();
        async move { Ok::<_, Infallible>(exchange(&context, client, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        // A client may close its sending half after the request, and still read the response.
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
        let status = parser_status(&error);
        PendingRecord::new(&context.options.log, client, "-", "-".into()).close(status, None, Some(error.to_string()));
    }
}

/// The status with which the parser answers. The parser gives no other information about the request.
fn parser_status(error: &hyper::Error) -> u16 {
    if !error.is_parse_too_large() {
        400
    } else if error.to_string().contains("URI") {
        414
    } else {
        431
    }
}
