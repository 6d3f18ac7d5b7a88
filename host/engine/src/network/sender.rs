//! The sending side of an open connection.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::client::{CONNECTION_WINDOW, MAX_STREAMS, STREAM_WINDOW};
use super::connection_state::ConnectionState;
use super::request_body::Sending;
use crate::stealable::{Stealing, stealable};

/// The largest response head, in lines and in bytes. HTTP/2 counts 32 more bytes for each line.
const HEAD: usize = 64 * 1024;
const LINES: usize = HEAD / 32;

/// The transport of a connection: TCP, or TLS over TCP.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

pub(crate) struct Sender {
    protocol: Protocol,
    state: ConnectionState,
}

enum Protocol {
    Http1(http1::SendRequest<Sending>),
    /// The connection knows how many concurrent requests its server accepts.
    Http2(http2::SendRequest<Sending>, Arc<Mutex<Option<Http2>>>),
}

type Http2 = http2::Connection<TokioIo<Box<dyn Transport>>, Sending, Stealing>;

impl Sender {
    /// Starts HTTP/1.1 on a stream.
    pub(crate) async fn http1(stream: Box<dyn Transport>, state: ConnectionState) -> hyper::Result<Self> {
        let mut builder = http1::Builder::new();
        builder.max_headers(LINES).max_header_size(HEAD);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        // The request gets the same error.
        tokio::spawn(stealable(async { drop(connection.await) }));
        Ok(Self { protocol: Protocol::Http1(sender), state })
    }

    /// Starts HTTP/2 on a stream.
    pub(crate) async fn http2(stream: Box<dyn Transport>, state: ConnectionState) -> hyper::Result<Self> {
        let mut builder = http2::Builder::new(Stealing);
        builder
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(HEAD as u32);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        let connection = Arc::new(Mutex::new(Some(connection)));
        let driven = connection.clone();
        tokio::spawn(stealable(poll_fn(move |cx| drive(&mut lock(&driven), cx))));
        Ok(Self { protocol: Protocol::Http2(sender, connection), state })
    }

    pub(crate) fn state(&self) -> &ConnectionState {
        &self.state
    }

    pub(crate) fn is_http1(&self) -> bool {
        matches!(self.protocol, Protocol::Http1(_))
    }

    /// A second sender for the same connection, if it supports concurrent requests.
    pub(crate) fn share(&self) -> Option<Self> {
        match &self.protocol {
            Protocol::Http1(_) => None,
            Protocol::Http2(sender, connection) => {
                Some(Self { protocol: Protocol::Http2(sender.clone(), connection.clone()), state: self.state.clone() })
            }
        }
    }

    /// Whether the connection accepts requests.
    pub(crate) fn is_usable(&self) -> bool {
        !self.state.is_retired()
            && match &self.protocol {
                Protocol::Http1(sender) => sender.is_ready(),
                Protocol::Http2(sender, _) => sender.is_ready(),
            }
    }

    /// Whether a request could be sent and read without waiting for another request on the same connection.
    pub(crate) fn has_room(&self) -> bool {
        self.state.has_room(match &self.protocol {
            Protocol::Http1(_) => 1,
            Protocol::Http2(_, connection) => lock(connection).as_ref().map_or(0, most_streams),
        })
    }

    /// Waits until the connection is ready for the next request. Returns false if it is closed.
    pub(crate) async fn is_ready(&mut self) -> bool {
        match &mut self.protocol {
            Protocol::Http1(sender) => sender.ready().await.is_ok(),
            Protocol::Http2(sender, _) => sender.ready().await.is_ok(),
        }
    }

    /// Sends a request. The error returns the request if no part of it was sent.
    pub(crate) async fn send(
        &mut self,
        request: Request<Sending>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Sending>>> {
        match &mut self.protocol {
            Protocol::Http1(sender) => sender.try_send_request(request).await,
            Protocol::Http2(sender, _) => sender.try_send_request(request).await,
        }
    }
}

/// Polls the connection. A connection that has ended is dropped, with the requests that wait in it.
fn drive(connection: &mut Option<Http2>, cx: &mut Context<'_>) -> Poll<()> {
    let Some(open) = connection else { return Poll::Ready(()) };
    let polled = Pin::new(open).poll(cx).map(drop);
    if polled.is_ready() {
        *connection = None;
    }
    polled
}

/// The most concurrent streams. A server that accepts none still gets one request.
fn most_streams(connection: &Http2) -> usize {
    connection.current_max_send_streams().clamp(1, MAX_STREAMS)
}

fn lock(connection: &Mutex<Option<Http2>>) -> MutexGuard<'_, Option<Http2>> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}
