//! The user's service, without its type.

use std::fmt::Debug;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tower_service::Service;

use crate::{Body, Error};

type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, String>> + Send>>;

/// Answers one request. The error is the service's, for the log.
pub(crate) type Handler = Arc<dyn Fn(Request<Body>) -> Answer + Send + Sync>;

pub(crate) fn handler<S, B>(service: S) -> Handler
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Debug,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Error>,
{
    Arc::new(move |request| {
        let mut service = service.clone();
        Box::pin(async move {
            let failed = |error: S::Error| format!("the service failed: {error:?}");
            poll_fn(|context| service.poll_ready(context)).await.map_err(failed)?;
            // Boxed, because the compiler cannot see of a future of a generic type that it is `Send`.
            let answer: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(service.call(request));
            let response: Response<B> = answer.await.map_err(failed)?;
            Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()))
        })
    })
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll};

    use super::*;

    /// Is ready at the second time it is asked, and fails for `/fail`.
    #[derive(Clone)]
    struct Slow(bool);

    impl Service<Request<Body>> for Slow {
        type Response = Response<String>;
        type Error = &'static str;
        type Future = std::future::Ready<Result<Response<String>, &'static str>>;

        fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
            if self.0 {
                return Poll::Ready(Ok(()));
            }
            self.0 = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }

        fn call(&mut self, request: Request<Body>) -> Self::Future {
            assert!(self.0, "called before it was ready");
            std::future::ready(match request.uri().path() {
                "/fail" => Err("no stock"),
                path => Ok(Response::new(path.to_owned())),
            })
        }
    }

    fn ask(path: &str) -> Request<Body> {
        let body = http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync();
        Request::get(path).body(body).unwrap()
    }

    #[tokio::test]
    async fn each_request_waits_until_the_service_is_ready() {
        let handler = handler(Slow(false));
        for path in ["/a", "/b"] {
            let body = handler(ask(path)).await.unwrap().into_body();
            assert_eq!(body.collect().await.unwrap().to_bytes(), path);
        }
    }

    #[tokio::test]
    async fn an_error_of_the_service_is_told() {
        let error = handler(Slow(false))(ask("/fail")).await.map(drop).unwrap_err();
        assert_eq!(error, "the service failed: \"no stock\"");
    }
}
