//! An open connection, as the one who sends on it sees it.

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::client::{CONNECTION_WINDOW, STREAM_WINDOW};
use super::link::Link;
use super::request_body::Sending;
use crate::stealable::{Stealing, stealable};

/// The head of a response: lines, and bytes of all of them. HTTP/2 counts 32 bytes more a line.
const HEAD: usize = 64 * 1024;
const LINES: usize = HEAD / 32;

/// What bytes go over: TCP, or TLS over it.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(crate) struct Sender {
    protocol: Protocol,
    link: Link,
}

enum Protocol {
    Http1(http1::SendRequest<Sending>),
    Http2(http2::SendRequest<Sending>),
}

impl Sender {
    /// Begins to speak HTTP/1.1.
    pub(crate) async fn http1(stream: Box<dyn Stream>, link: Link) -> hyper::Result<Self> {
        let mut builder = http1::Builder::new();
        builder.max_headers(LINES).max_header_size(HEAD);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        // Its error is that of the request, which gets it too.
        tokio::spawn(stealable(async { drop(connection.await) }));
        Ok(Self { protocol: Protocol::Http1(sender), link })
    }

    /// Begins to speak HTTP/2.
    pub(crate) async fn http2(stream: Box<dyn Stream>, link: Link) -> hyper::Result<Self> {
        let mut builder = http2::Builder::new(Stealing);
        builder
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(HEAD as u32);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        tokio::spawn(stealable(async { drop(connection.await) }));
        Ok(Self { protocol: Protocol::Http2(sender), link })
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    pub(crate) fn is_http1(&self) -> bool {
        matches!(self.protocol, Protocol::Http1(_))
    }

    /// Another one for the same connection, where it takes several requests at once.
    pub(crate) fn share(&self) -> Option<Self> {
        match &self.protocol {
            Protocol::Http1(_) => None,
            Protocol::Http2(sender) => {
                Some(Self { protocol: Protocol::Http2(sender.clone()), link: self.link.clone() })
            }
        }
    }

    /// Whether it takes a request now.
    pub(crate) fn is_usable(&self) -> bool {
        !self.link.is_retired()
            && match &self.protocol {
                Protocol::Http1(sender) => sender.is_ready(),
                Protocol::Http2(sender) => sender.is_ready(),
            }
    }

    /// Waits until it takes the next request. False if it never will.
    pub(crate) async fn is_ready(&mut self) -> bool {
        match &mut self.protocol {
            Protocol::Http1(sender) => sender.ready().await.is_ok(),
            Protocol::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    /// Sends a request; it comes back if nothing of it was sent.
    pub(crate) async fn send(
        &mut self,
        request: Request<Sending>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Sending>>> {
        match &mut self.protocol {
            Protocol::Http1(sender) => sender.try_send_request(request).await,
            Protocol::Http2(sender) => sender.try_send_request(request).await,
        }
    }
}
