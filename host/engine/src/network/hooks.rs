//! The hooks of `wasi:http` for one instance.

use std::sync::Arc;
use std::time::SystemTime;

use funcserver_aws::{ClockSkew, RefusedCredentials};
use futures_util::FutureExt;
use http::{HeaderName, Method, Request, StatusCode, Uri, header};
use http_body_util::BodyExt;
use tokio::sync::Semaphore;
use wasmtime_wasi_http::p3::DEFAULT_OUTGOING_BODY_CHUNK_SIZE;
use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, Result, WasiBody, WasiHttpHooks};

use super::client::{Client, LeasedResponse};
use super::empty_frames::without_empty;
use super::failure::Failure;
use super::gate::Denial;
use super::notice::Notices;
use super::origin::Origin;
use super::refused_body::RefusedBody;
use super::request_body::Sent;
use super::response_body::ResponseBody;
use super::signing::Unsigned;
use super::{error, headers};
use crate::content_length;
use crate::memory_left::MemoryLeft;
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
    /// The instance's memory, for bodies that are buffered.
    memory: Arc<MemoryLeft>,
}

type Exchange = (http::Response<WasiBody>, Box<dyn Future<Output = Result<()>> + Send>);

impl Hooks {
    /// Hooks for an instance that may make `requests` concurrent requests.
    pub(crate) fn new(
        client: Arc<Client>,
        sink: OutputSink,
        requests: usize,
        waiting: Arc<Waiting>,
        memory: Arc<MemoryLeft>,
    ) -> Self {
        let requests = Arc::new(Semaphore::new(requests.min(Semaphore::MAX_PERMITS)));
        let notices = Arc::new(Notices::new(sink));
        Self { outgoing: Arc::new(Outgoing { client, notices, requests, waiting, memory }), guest_bodies: 0 }
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
        if let Err(mut denial) = self.client.check(&origin) {
            if denial.allow.is_some() && is_signed(&request) {
                denial.reason += FOR_SIGNED;
            }
            self.notices.denied(&origin, &denial);
            return Err(Error::HttpRequestDenied);
        }
        let permit = self.requests.clone().acquire_owned().await.map_err(|_| Error::ConnectionLimitReached)?;
        let mut request = addressed(request.map(without_empty), &origin)?;
        let signing = self.client.signing(&origin);
        if let Some(signing) = signing {
            let signed = signing.sign(request, &self.memory).await;
            request = signed.map_err(|reason| self.unsigned(&origin, reason))?;
        }
        let answer = self.client.send(request, &origin, options).await;
        let answer = answer.map_err(|failure| self.failed(&origin, &failure))?;
        let LeasedResponse { mut response, lease, sent, lost_trailers } = answer;
        let is_refused = signing.is_some() && is_refused(&response);
        if is_refused && let Some(skew) = clock_skew(&response) {
            self.notices.failed(&origin, skew.to_string());
        }
        if lost_trailers {
            self.notices.failed(&origin, LOST_TRAILERS.to_owned());
        }
        headers::strip(response.headers_mut());
        content_length::unite(response.headers_mut());
        let patience = options.between_bytes_timeout;
        let of = (origin.clone(), self.notices.clone());
        let response = response.map(|body| ResponseBody::new(body, patience, (lease, permit), of).boxed_unsync());
        Ok((if is_refused { self.with_refusal(response, origin) } else { response }, sent))
    }

    /// Whether the credentials are the reason is in the answer's body.
    fn with_refusal(&self, response: http::Response<WasiBody>, origin: Origin) -> http::Response<WasiBody> {
        let notices = self.notices.clone();
        let tell = move |refusal: RefusedCredentials| notices.failed(&origin, refusal.to_string());
        response.map(|body| RefusedBody::new(body, tell).boxed_unsync())
    }

    /// The error for a request that is not sent, because it is not signed.
    fn unsigned(&self, origin: &Origin, reason: Unsigned) -> Error {
        if reason.is_refusal() {
            self.notices.denied(origin, &Denial { reason: reason.to_string(), allow: None });
        } else {
            self.notices.failed(origin, reason.to_string());
        }
        reason.into_error()
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

/// Whether an SDK of AWS has signed the request.
fn is_signed<B>(request: &Request<B>) -> bool {
    request.headers().get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(b"AWS4-"))
}

/// What to do if such a request is denied.
const FOR_SIGNED: &str =
    "; it is for AWS: network.sign-aws allows it, and the host signs it with the function's credentials";

/// Whether the answer to a signed request may be one to its signature.
fn is_refused<B>(response: &http::Response<B>) -> bool {
    [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&response.status())
}

/// Why a signed request was refused, if the clock is the reason.
fn clock_skew<B>(response: &http::Response<B>) -> Option<ClockSkew> {
    ClockSkew::of(response.headers().get(header::DATE)?, SystemTime::now())
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
