//! The client of a guest: one pool of connections for all its instances, kept over invocations.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{Extensions, Request, Response};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{self, Builder, connect::capture_connection};
use hyper_util::rt::TokioTimer;
use rustls::ClientConfig;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::timeout;
use wasmtime_wasi_http::{RequestOptions, WasiBody};

use super::connection::Served;
use super::dial::Dial;
use super::error;
use super::gate::Gate;
use super::origin::{Origin, Scheme};
use super::request_body::RequestBody;
use super::roots::{self, RootsError};
use super::{Network, gate::Denial};
use crate::stealable::Stealing;

/// Connections in all: a process on Lambda may open 1024 files.
const MOST_CONNECTIONS: usize = 256;
/// Connections to one origin that are kept while nobody uses them.
const MOST_IDLE: usize = 8;
/// How long they are kept: a little less than the minute after which load balancers close theirs.
const IDLE: Duration = Duration::from_secs(50);
/// What an HTTP/2 server may send before the guest reads it: bytes for one response, and for one connection.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
const HTTP2_HEADERS: u32 = 64 * 1024;

pub(crate) struct Client {
    dial: Dial,
    roots: Option<PathBuf>,
    tls: OnceCell<Arc<ClientConfig>>,
    pools: Mutex<Pools>,
}

type Plain = legacy::Client<Dial, RequestBody>;
type Secure = legacy::Client<HttpsConnector<Dial>, RequestBody>;

/// Made at the first call: most guests make none.
#[derive(Default)]
struct Pools {
    plain: Option<Plain>,
    secure: Option<Secure>,
}

/// Why there is no response.
#[derive(Debug)]
pub(crate) enum Failure {
    Roots(RootsError),
    Request(legacy::Error),
    /// No connection in the time that the guest allows.
    ConnectTimeout,
    /// No response in the time that the guest allows.
    ResponseTimeout,
}

impl Client {
    pub(crate) fn new(network: &Network) -> Self {
        Self::with_connections(network, MOST_CONNECTIONS)
    }

    pub(super) fn with_connections(network: &Network, most: usize) -> Self {
        let dial = Dial { gate: Arc::new(Gate::new(network)), connections: Arc::new(Semaphore::new(most)) };
        Self { dial, roots: network.roots.clone(), tls: OnceCell::new(), pools: Mutex::default() }
    }

    /// Whether a request may go there, as far as its name says.
    pub(crate) fn check(&self, origin: &Origin) -> Result<(), Denial> {
        self.dial.gate.check(origin)
    }

    /// Sends a request to `origin`, which is that of its URI.
    ///
    /// A connection that has served before may have died since, unnoticed while the sandbox was frozen. What was never
    /// sent is sent once more in any case; what was, if doing it twice does no harm (RFC 9110, section 9.2.2) and its
    /// body is still whole. A fresh connection that fails is the end of it.
    pub(crate) async fn send(
        &self,
        request: Request<WasiBody>,
        origin: &Origin,
        options: RequestOptions,
    ) -> Result<Response<Incoming>, Failure> {
        let (parts, body) = request.into_parts();
        let body = RequestBody::new(body);
        loop {
            let request = Request::from_parts(parts.clone(), body.clone());
            match self.send_once(request, origin, options).await {
                Err(Failure::Request(error)) if parts.method.is_idempotent() && body.is_whole() && has_died(&error) => {
                }
                result => return result,
            }
        }
    }

    async fn send_once(
        &self,
        mut request: Request<RequestBody>,
        origin: &Origin,
        options: RequestOptions,
    ) -> Result<Response<Incoming>, Failure> {
        self.make_room();
        let mut connection = capture_connection(&mut request);
        let mut response = match origin.scheme {
            Scheme::Http => self.plain().request(request),
            Scheme::Https => self.secure().await.map_err(Failure::Roots)?.request(request),
        };
        let connected = async {
            tokio::select! {
                biased;
                result = &mut response => Some(result),
                () = async { drop(connection.wait_for_connection_metadata().await) } => None,
            }
        };
        let result = match within(options.connect_timeout, connected).await.ok_or(Failure::ConnectTimeout)? {
            Some(result) => result,
            None => within(options.first_byte_timeout, response).await.ok_or(Failure::ResponseTimeout)?,
        };
        let response = result.map_err(Failure::Request)?;
        if let Some(served) = response.extensions().get::<Served>() {
            served.set();
        }
        Ok(response)
    }

    /// Closes the connections that nobody uses, if there can be no more.
    fn make_room(&self) {
        if self.dial.connections.available_permits() == 0 {
            self.forget_connections();
        }
    }

    /// Closes the connections that nobody uses now; the next call makes new ones.
    pub(crate) fn forget_connections(&self) {
        *self.pools() = Pools::default();
    }

    fn plain(&self) -> Plain {
        self.pools().plain.get_or_insert_with(|| builder().build(self.dial.clone())).clone()
    }

    async fn secure(&self) -> Result<Secure, RootsError> {
        let config = self.tls.get_or_try_init(|| roots::load(self.roots.clone())).await?;
        let secure = || {
            let connector = HttpsConnectorBuilder::new()
                .with_tls_config(ClientConfig::clone(config))
                .https_only()
                .enable_all_versions()
                .wrap_connector(self.dial.clone());
            builder().build(connector)
        };
        Ok(self.pools().secure.get_or_insert_with(secure).clone())
    }

    fn pools(&self) -> MutexGuard<'_, Pools> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn builder() -> Builder {
    let mut builder = legacy::Client::builder(Stealing);
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(MOST_IDLE)
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_initial_connection_window_size(CONNECTION_WINDOW)
        .http2_max_header_list_size(HTTP2_HEADERS);
    builder
}

/// Whether the connection has served before, and has broken since.
fn has_died(error: &legacy::Error) -> bool {
    let mut extensions = Extensions::new();
    if let Some(connected) = error.connect_info() {
        connected.get_extras(&mut extensions);
    }
    extensions.get::<Served>().is_some_and(Served::get) && error::is_broken_connection(error)
}

/// Nothing if the time is over; no time is all the time in the world: the invocation's deadline ends it.
async fn within<F: Future>(time: Option<Duration>, future: F) -> Option<F::Output> {
    match time {
        Some(time) => timeout(time, future).await.ok(),
        None => Some(future.await),
    }
}
