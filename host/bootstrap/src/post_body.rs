//! The body of a request to the Runtime API: whole, or the pieces of a reply that the handler still writes.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http::HeaderMap;
use http_body_util::{Full, StreamBody};
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;

use funcserver_function::{StreamError, StreamedReply};

/// A body of a request.
pub(crate) enum PostBody {
    Whole(Full<Bytes>),
    Pieces(StreamBody<Pieces>),
}

type Pieces = Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, Infallible>> + Send>>;

impl PostBody {
    pub(crate) fn empty() -> Self {
        Self::whole(Bytes::new())
    }

    pub(crate) fn whole(body: Bytes) -> Self {
        Self::Whole(Full::new(body))
    }

    /// The pieces of a reply, each as soon as the handler has written it. An error ends them with `trailers` of it. The
    /// handler runs while the connection can take a piece. The receiver completes once the body has ended or is dropped.
    pub(crate) fn pieces(
        reply: Box<StreamedReply>,
        trailers: impl Fn(&StreamError) -> HeaderMap + Send + 'static,
    ) -> (Self, oneshot::Receiver<()>) {
        let (end, ended) = oneshot::channel();
        let pieces = stream::unfold((reply, trailers, end), async |(mut reply, trailers, end)| {
            let frame = match reply.next().await? {
                Ok(piece) => Frame::data(piece),
                Err(error) => Frame::trailers(trailers(&error)),
            };
            Some((Ok(frame), (reply, trailers, end)))
        });
        let pieces: Pieces = Box::pin(pieces);
        (Self::Pieces(StreamBody::new(pieces)), ended)
    }
}

impl Body for PostBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(context),
            Self::Pieces(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Pieces(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Pieces(_) => SizeHint::default(),
        }
    }
}
