//! Removes the empty frames of a request's body.
//!
//! An empty frame of HTTP/2 uses no room in the window of its stream, so it is accepted at once and stored until it is
//! written, even if the server reads nothing. A guest that writes empty frames repeatedly would grow the host's memory
//! without a limit (GHSA-f8mm-ggr3-89wh). Servers do not notice that the frames are missing.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use wasmtime_wasi_http::{Error, WasiBody};

/// The number of frames that are skipped before the task yields.
const AT_ONCE: usize = 32;

/// The same body without its empty frames. `is_end_stream` and `size_hint` are those of the original body.
pub(crate) fn without_empty(body: WasiBody) -> WasiBody {
    WithoutEmpty(body).boxed_unsync()
}

struct WithoutEmpty(WasiBody);

impl Body for WithoutEmpty {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        for _ in 0..AT_ONCE {
            match Pin::new(&mut self.0).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) if frame.data_ref().is_some_and(Bytes::is_empty) => {}
                polled => return polled,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use http::HeaderMap;

    use super::*;

    /// A body of these frames, which are all ready.
    struct Frames(VecDeque<Frame<Bytes>>);

    impl Body for Frames {
        type Data = Bytes;
        type Error = Error;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
            Poll::Ready(self.0.pop_front().map(Ok))
        }
    }

    fn data(text: &'static str) -> Frame<Bytes> {
        Frame::data(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn only_empty_frames_are_removed() {
        let mut frames: VecDeque<_> = (0..100_000).map(|_| data("")).collect();
        frames.push_back(data("one"));
        frames.push_back(data(""));
        frames.push_back(data("two"));
        frames.extend((0..1000).map(|_| data("")));
        frames.push_back(Frame::trailers(HeaderMap::new()));
        let mut body = without_empty(Frames(frames).boxed_unsync());
        let mut seen = Vec::new();
        while let Some(frame) = body.frame().await {
            seen.push(frame.unwrap().into_data().unwrap_or_else(|_| Bytes::from_static(b"trailers")));
        }
        assert_eq!(seen, ["one", "two", "trailers"]);
    }

    #[test]
    fn a_body_of_empty_frames_yields_to_other_tasks() {
        let frames = (0..AT_ONCE * 2).map(|_| data("")).collect();
        let mut body = without_empty(Frames(frames).boxed_unsync());
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut turns = 0;
        while Pin::new(&mut body).poll_frame(&mut context).is_pending() {
            turns += 1;
        }
        assert_eq!(turns, 2);
    }
}
