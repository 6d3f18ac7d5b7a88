//! The hooks of `wasi:http` for one instance.

use std::sync::Arc;

use futures_util::FutureExt;
use http::{HeaderName, Method, Request, Uri, header};
use http_body_util::BodyExt;
use tokio::sync::Semaphore;
use wasmtime_wasi_http::p3::DEFAULT_OUTGOING_BODY_CHUNK_SIZE;
use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, Result, WasiBody, WasiHttpHooks};

use super::client::{Client, LeasedResponse};
use super::empty_frames::without_empty;
use super::failure::Failure;
use super::notice::Notices;
use super::origin::Origin;
use super::request_body::Sent;
use super::response_body::ResponseBody;
use super::{error, headers};
use crate::content_length;
use crate::output::OutputSink;
use crate::weigh::{BODY_WRITE, BODY_WRITES, Waiting};

/// Sends the outgoing requests of an instance while it handles a request.
pub(crate) struct Hooks {
    outgoing: Arc<Outgoing>,
    /// The number of bodies that a guest of 0.3 writes itself and that wasmtime has begun to read.
    guest_bodies: u64,
}

struct Outgoing {
    client: Arc<Client>,
    notices: Arc<Notices>,
    /// One permit for each request whose response is not fully read yet.
    requests: Arc<Semaphore>,
    /// The requests that are not sent yet.
    waiting: Arc<Waiting>,
}

type Exchange = (http::Response<WasiBody>, Box<dyn Future<Output = Result<()>> + Send>);

impl Hooks {
    /// Hooks for an instance that may make `requests` concurrent requests.
    pub(crate) fn new(client: Arc<Client>, sink: OutputSink, requests: usize, waiting: Arc<Waiting>) -> Self {
        let requests = Arc::new(Semaphore::new(requests.min(Semaphore::MAX_PERMITS)));
        let outgoing = Arc::new(Outgoing { client, notices: Arc::new(Notices::new(sink)), requests, waiting });
        Self { outgoing, guest_bodies: 0 }
    }

    /// The notices of the current call.
    pub(crate) fn notices(&self) -> Arc<Notices> {
        self.outgoing.notices.clone()
    }

    pub(crate) fn guest_bodies(&self) -> u64 {
        self.guest_bodies
    }
}

impl WasiHttpHooks for Hooks {
    /// No header is hidden from the guest. Wasmtime's default hides `host`. Hop-by-hop headers are removed where events
    /// are decoded, where replies are encoded, and where requests are sent.
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|_| false)
    }

    fn is_forbidden_header(&mut self, _: &HeaderName) -> bool {
        false
    }

    /// The second future of the result reports how sending the body ended, as wasmtime's own client does.
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        received: Box<dyn Future<Output = Result<()>> + Send>,
    ) -> Box<dyn Future<Output = Result<Exchange>> + Send> {
        let outgoing = self.outgoing.clone();
        let waits = outgoing.waiting.begin(request.headers());
        // In 0.2 `received` is ready at once, and only the log would get the result, which has its own notice.
        let is_reported = Box::into_pin(received).now_or_never().is_none();
        Box::new(async move {
            let _waits = waits.ok_or(Error::ConnectionLimitReached)?;
            let (response, sent) = outgoing.send(request, options.unwrap_or_default()).await?;
            let sent: Box<dyn Future<Output = _> + Send> = Box::new(transmission(sent));
            Ok((response, if is_reported { sent } else { Box::new(async { Ok(()) }) }))
        })
    }

    /// Room for several writes, so that a guest that writes small pieces is not woken for each of them.
    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        BODY_WRITES
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_WRITE
    }

    /// Wasmtime calls this once for each body that the guest writes, but not for a body that the host feeds.
    fn p3_outgoing_body_chunk_size(&mut self) -> usize {
        self.guest_bodies += 1;
        DEFAULT_OUTGOING_BODY_CHUNK_SIZE
    }
}

impl Outgoing {
    async fn send(
        &self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<(http::Response<WasiBody>, Sent)> {
        // CONNECT opens a tunnel, through which any server could be called.
        if request.method() == Method::CONNECT {
            return Err(Error::HttpRequestMethodInvalid);
        }
        let origin = Origin::of(request.uri()).ok_or(Error::HttpRequestUriInvalid)?;
        if let Err(denial) = self.client.check(&origin) {
            self.notices.denied(&origin, &denial);
            return Err(Error::HttpRequestDenied);
        }
        let permit = self.requests.clone().acquire_owned().await.map_err(|_| Error::ConnectionLimitReached)?;
        let request = addressed(request.map(without_empty), &origin)?;
        let answer = self.client.send(request, &origin, options).await;
        let answer = answer.map_err(|failure| self.failed(&origin, &failure))?;
        let LeasedResponse { mut response, lease, sent, lost_trailers } = answer;
        if lost_trailers {
            self.notices.failed(&origin, LOST_TRAILERS.to_owned());
        }
        headers::strip(response.headers_mut());
        content_length::unite(response.headers_mut());
        let patience = options.between_bytes_timeout;
        let of = (origin, self.notices.clone());
        Ok((response.map(|body| ResponseBody::new(body, patience, (lease, permit), of).boxed_unsync()), sent))
    }

    fn failed(&self, origin: &Origin, failure: &Failure) -> Error {
        match failure {
            Failure::Denied(denial) => self.notices.denied(origin, denial),
            // The guest itself has set this timeout.
            Failure::ResponseTimeout => {}
            _ => self.notices.failed(origin, error::text(failure)),
        }
        error::of_request(failure)
    }
}

const LOST_TRAILERS: &str = "the request's trailers were not sent: over HTTP/1.1, the trailer header must name them and the body must not be empty";

async fn transmission(sent: Sent) -> Result<()> {
    // A dropped sender means that it ended with the guest.
    if sent.await.unwrap_or(true) { Ok(()) } else { Err(Error::ConnectionTerminated) }
}

/// The request as it is sent: to the checked origin in its normal form, without headers that name another origin. The
/// client sets `host` from the URI.
fn addressed(mut request: Request<WasiBody>, origin: &Origin) -> Result<Request<WasiBody>> {
    headers::strip(request.headers_mut());
    request.headers_mut().remove(header::HOST);
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let uri = Uri::builder().scheme(origin.scheme.name()).authority(origin.authority()).path_and_query(path).build();
    *request.uri_mut() = uri.map_err(|_| Error::HttpRequestUriInvalid)?;
    Ok(request)
}
