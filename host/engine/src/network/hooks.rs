//! The host's side of `wasi:http` for one instance.

use std::sync::Arc;

use http::{HeaderName, Method, Request, Uri, header};
use http_body_util::BodyExt;
use tokio::sync::Semaphore;
use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, Result, WasiBody, WasiHttpHooks};

use super::client::{Client, Failure};
use super::frames::without_empty;
use super::notice::Notices;
use super::origin::Origin;
use super::response_body::ResponseBody;
use super::{error, headers};
use crate::call::Output;
use crate::weigh::{BODY_WRITE, BODY_WRITES, Waiting};

/// What an instance has to do with outgoing requests while it answers one.
pub(crate) struct Hooks(Arc<Outgoing>);

struct Outgoing {
    client: Arc<Client>,
    notices: Notices,
    /// One permit a request whose response is not read yet.
    requests: Arc<Semaphore>,
    /// Those that are not sent yet.
    waiting: Arc<Waiting>,
}

type Exchange = (http::Response<WasiBody>, Box<dyn Future<Output = Result<()>> + Send>);

impl Hooks {
    /// For an instance that may make so many requests at once.
    pub(crate) fn new(client: Arc<Client>, output: Arc<dyn Output>, requests: usize, waiting: Arc<Waiting>) -> Self {
        let requests = Arc::new(Semaphore::new(requests.min(Semaphore::MAX_PERMITS)));
        Self(Arc::new(Outgoing { client, notices: Notices::new(output), requests, waiting }))
    }
}

impl WasiHttpHooks for Hooks {
    /// Nothing is hidden from the guest: wasmtime would take `host` away, and hop-by-hop headers are removed where
    /// events are read and written, and where requests go out.
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|_| false)
    }

    fn is_forbidden_header(&mut self, _: &HeaderName) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<()>> + Send>,
    ) -> Box<dyn Future<Output = Result<Exchange>> + Send> {
        let outgoing = self.0.clone();
        let waits = outgoing.waiting.begin(request.headers());
        Box::new(async move {
            let _waits = waits.ok_or(Error::ConnectionLimitReached)?;
            let response = outgoing.send(request, options.unwrap_or_default()).await?;
            Ok((response, Box::new(async { Ok(()) }) as Box<_>))
        })
    }

    /// Room for a few writes, so that a guest which writes in small pieces is not woken for each of them.
    fn p2_outgoing_body_buffer_chunks(&mut self) -> usize {
        BODY_WRITES
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_WRITE
    }
}

impl Outgoing {
    async fn send(&self, request: Request<WasiBody>, options: RequestOptions) -> Result<http::Response<WasiBody>> {
        // It makes a tunnel, through which anything could be called.
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
        let response = self.client.send(request, &origin, options).await;
        let mut response = response.map_err(|failure| self.failed(&origin, &failure))?;
        headers::strip(response.headers_mut());
        let patience = options.between_bytes_timeout;
        Ok(response.map(|body| ResponseBody::new(body, patience, permit).boxed_unsync()))
    }

    fn failed(&self, origin: &Origin, failure: &Failure) -> Error {
        match failure {
            Failure::ConnectTimeout => Error::ConnectionTimeout,
            Failure::ResponseTimeout => Error::ConnectionReadTimeout,
            Failure::Roots(problem) => {
                self.notices.failed(origin, problem.to_string());
                Error::ConfigurationError
            }
            Failure::Request(problem) => {
                match error::denial(problem) {
                    Some(denial) => self.notices.denied(origin, denial),
                    None => self.notices.failed(origin, error::text(problem)),
                }
                error::of_request(problem)
            }
        }
    }
}

/// The request as it is sent: to the origin that was checked, in its one spelling, and with nothing in its headers that
/// names another. The client sets `host` from the URI.
fn addressed(mut request: Request<WasiBody>, origin: &Origin) -> Result<Request<WasiBody>> {
    headers::strip(request.headers_mut());
    request.headers_mut().remove(header::HOST);
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let uri = Uri::builder().scheme(origin.scheme.name()).authority(origin.authority()).path_and_query(path).build();
    *request.uri_mut() = uri.map_err(|_| Error::HttpRequestUriInvalid)?;
    Ok(request)
}
