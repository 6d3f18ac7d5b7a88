//! The client of a guest: one pool of connections for all its instances, kept over invocations.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{Request, Response};
use hyper::body::Incoming;
use rustls::ClientConfig;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use wasmtime_wasi_http::{RequestOptions, WasiBody};

use super::budget::Budget;
use super::dial::dial;
use super::failure::Failure;
use super::gate::Gate;
use super::lease::Lease;
use super::origin::{Origin, Scheme};
use super::pool::{OriginConnections, Pool, Way};
use super::request_body::{RequestBody, Sent};
use super::retry::{Fate, Tries};
use super::sender::Sender;
use super::{Network, framing, gate::Denial, roots};

/// Connections in all: a process on Lambda may open 1024 files.
const MOST_CONNECTIONS: usize = 256;
/// Connections to one origin, so that one server that answers nobody leaves room for others.
const MOST_TO_ONE: usize = 64;
/// From the lookup of the name to the end of the TLS handshake, where the guest says nothing else.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a request waits to see whether its body has anything in it: guests that open one for `GET` finish it at once.
const BEGIN: Duration = Duration::from_millis(50);
/// Requests at once on one connection of HTTP/2.
pub(crate) const MOST_STREAMS: usize = 16;
/// What an HTTP/2 server may send before the guest reads it: bytes for one response, and for one connection. The latter is
/// enough for all its responses, so that one which nobody reads keeps no other waiting.
pub(crate) const STREAM_WINDOW: u32 = 256 * 1024;
pub(crate) const CONNECTION_WINDOW: u32 = STREAM_WINDOW * MOST_STREAMS as u32;

pub(crate) struct Client {
    gate: Gate,
    roots: Option<PathBuf>,
    tls: OnceCell<Arc<ClientConfig>>,
    pool: Arc<Pool>,
}

/// A response, and what it is read over.
pub(crate) struct LeasedResponse {
    pub(crate) response: Response<Incoming>,
    pub(crate) lease: Lease,
    pub(crate) sent: Sent,
    /// The guest's trailers could not be sent.
    pub(crate) lost_trailers: bool,
}

/// What a request may take, over all its tries.
struct Times {
    connect: Budget,
    head: Budget,
}

impl Client {
    pub(crate) fn new(network: &Network) -> Self {
        Self::with_connections(network, MOST_CONNECTIONS, MOST_TO_ONE)
    }

    pub(super) fn with_connections(network: &Network, most: usize, most_to_one: usize) -> Self {
        let pool = Arc::new(Pool::new(most, most_to_one));
        Self { gate: Gate::new(network), roots: network.roots.clone(), tls: OnceCell::new(), pool }
    }

    /// Whether a request may go there, as far as its name says.
    pub(crate) fn check(&self, origin: &Origin) -> Result<(), Denial> {
        self.gate.check(origin)
    }

    /// Sends a request to `origin`, which is that of its URI. It may be sent once more, see [`Fate`].
    pub(crate) async fn send(
        &self,
        request: Request<WasiBody>,
        origin: &Origin,
        options: RequestOptions,
    ) -> Result<LeasedResponse, Failure> {
        let (parts, body) = request.into_parts();
        let body = RequestBody::new(body);
        if framing::stated_length(&parts.headers).is_none() {
            // One that has not begun by then is sent as it comes.
            let _ = timeout(BEGIN, body.known()).await;
        }
        let host = self.pool.host(origin);
        let connect = Budget::new(Some(options.connect_timeout.unwrap_or(CONNECT)));
        let mut times = Times { connect, head: Budget::new(options.first_byte_timeout) };
        let mut tries = Tries::default();
        loop {
            let (sender, is_new) = self.connection(origin, &host, tries.are_none(), &mut times.connect).await?;
            let lease = Lease::new(self.pool.clone(), host.clone(), sender, &body);
            match try_once(parts.clone(), &body, origin, lease, is_new, &mut times.head).await {
                Ok(answer) => return Ok(answer),
                Err((failure, fate)) if !tries.has_another(fate) => return Err(failure),
                Err(_) => {}
            }
        }
    }

    /// A connection to `origin`, and whether it is new. Each try but the first has a new one.
    async fn connection(
        &self,
        origin: &Origin,
        host: &OriginConnections,
        reuse: bool,
        time: &mut Budget,
    ) -> Result<(Sender, bool), Failure> {
        if reuse && let Some(sender) = host.take() {
            return Ok((sender, false));
        }
        let addresses = time.spend(self.gate.addresses(origin)).await;
        let addresses = addresses.ok_or_else(|| Failure::LookupTimeout { busy: self.gate.is_busy() })??;
        let tls = match origin.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(self.tls().await?),
        };
        let way = async { if reuse { self.pool.way(host).await } else { Way::New(self.pool.permit(host).await) } };
        let permit = match time.spend(way).await.ok_or(Failure::NoRoom)? {
            Way::Open(sender) => return Ok((sender, false)),
            Way::New(permit) => permit,
        };
        let sender = dial(addresses, origin, tls, permit, time).await?;
        let Some(shared) = sender.share() else { return Ok((sender, true)) };
        // Another request may have been faster.
        if reuse && let Some(faster) = host.take() {
            return Ok((faster, false));
        }
        self.pool.keep(host, shared);
        Ok((sender, true))
    }

    async fn tls(&self) -> Result<Arc<ClientConfig>, Failure> {
        let config = self.tls.get_or_try_init(|| roots::load(self.roots.clone())).await;
        config.cloned().map_err(Failure::Roots)
    }

    /// Keeps none of the connections that there are; the next call makes new ones.
    pub(crate) fn forget_connections(&self) {
        self.pool.forget();
    }
}

async fn try_once(
    mut parts: Parts,
    body: &RequestBody,
    origin: &Origin,
    mut lease: Lease,
    is_new: bool,
    time: &mut Budget,
) -> Result<LeasedResponse, (Failure, Fate)> {
    let (sending, sent) = framing::prepare(&mut parts, body, origin, lease.is_http1());
    let idempotent = parts.method.is_idempotent();
    match time.spend(lease.send(Request::from_parts(parts, sending))).await {
        Some(Ok(response)) => Ok(LeasedResponse { response, lease, sent, lost_trailers: body.has_lost_trailers() }),
        // The peer has lost its connection with the request.
        None => Err((Failure::ResponseTimeout, Fate::Final)),
        Some(Err(mut error)) => {
            let unsent = error.take_message().is_some();
            let error = error.into_error();
            if lease.link().is_flooded() {
                return Err((Failure::Flooded, Fate::Final));
            }
            let repeatable = idempotent && lease.link().has_served();
            let fate = Fate::of(&error, unsent, is_new, body.is_whole(), repeatable);
            Err((Failure::Request(error), fate))
        }
    }
}
