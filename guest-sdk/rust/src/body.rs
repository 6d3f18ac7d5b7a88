//! Bodies, between the host and `http_body`.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt as _;
use wasip2::http::types::{IncomingBody, OutgoingBody};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

use crate::reactor::Ready;
use crate::{Body, Error};

/// The most that one read asks for.
const PIECE: u64 = 64 << 10;

/// A body that arrives. Each field is dropped before the one that it came from.
struct Arriving {
    wait: Option<Ready>,
    stream: Option<InputStream>,
    _body: IncomingBody,
}

/// The body of a message that the host has handed over.
pub(crate) fn arriving(body: IncomingBody) -> Body {
    let stream = body.stream().ok();
    Arriving { wait: None, stream, _body: body }.boxed_unsync()
}

impl http_body::Body for Arriving {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            if let Some(wait) = &mut self.wait {
                ready!(pin!(wait).poll(context));
                self.wait = None;
            }
            let Some(stream) = &self.stream else { return Poll::Ready(None) };
            match stream.read(PIECE) {
                Ok(piece) if piece.is_empty() => self.wait = Some(Ready::new(stream.subscribe())),
                Ok(piece) => return Poll::Ready(Some(Ok(Frame::data(piece.into())))),
                Err(error) => {
                    self.stream = None;
                    let StreamError::LastOperationFailed(error) = error else { return Poll::Ready(None) };
                    let error = format!("the body broke off: {}", error.to_debug_string());
                    return Poll::Ready(Some(Err(error.into())));
                }
            }
        }
    }
}

/// Sends a body, each piece as soon as it is there. If it is not sent to the end, the message is broken off.
pub(crate) async fn send(mut body: Body, to: OutgoingBody) -> Result<(), Error> {
    let stream = to.write().map_err(|()| "the host gives no stream for the body")?;
    while let Some(frame) = body.frame().await {
        // Trailers are left out: no load balancer passes them on.
        if let Ok(piece) = frame?.into_data() {
            write(&stream, &piece).await?;
        }
    }
    drop(stream);
    OutgoingBody::finish(to, None).map_err(|error| format!("the host refuses the body: {error:?}").into())
}

async fn write(stream: &OutputStream, mut piece: &[u8]) -> Result<(), Error> {
    while !piece.is_empty() {
        let room = stream.check_write().map_err(closed)?;
        if room == 0 {
            Ready::new(stream.subscribe()).await;
            continue;
        }
        let now = piece.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        stream.write(&piece[..now]).map_err(closed)?;
        piece = &piece[now..];
    }
    stream.flush().map_err(closed)
}

fn closed(error: StreamError) -> Error {
    match error {
        StreamError::Closed => io::Error::from(io::ErrorKind::BrokenPipe).into(),
        StreamError::LastOperationFailed(error) => error.to_debug_string().into(),
    }
}
