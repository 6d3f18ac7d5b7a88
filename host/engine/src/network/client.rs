//! The client for guests: one pool of HTTP connections for all instances, which outlives invocations, and TCP
//! connections, which belong to their instances.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{Request, Response};
use hyper::body::Incoming;
use rustls::ClientConfig;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use wasmtime_wasi_http::{RequestOptions, WasiBody};

use super::budget::Budget;
use super::dial::{connect, dial};
use super::failure::Failure;
use super::gate::Gate;
use super::lease::Lease;
use super::origin::{Origin, OriginHost, Scheme};
use super::pool::{Acquired, OriginConnections, Pool};
use super::request_body::{RequestBody, Sent};
use super::retry::{Fate, Tries};
use super::secure::{Io, ask_postgres, handshake};
use super::sender::Sender;
use super::signing::Signing;
use super::socket_stream::Prompt;
use super::{Network, framing, gate::Denial, roots};

/// The most connections in total: a process in Lambda may open 1024 files.
const MAX_CONNECTIONS: usize = 256;
/// The most connections to one origin, so that a server that never answers leaves room for others.
const MAX_TO_ONE: usize = 64;
/// The most TCP connections of all instances. Where they are allowed, as many fewer files may be open.
pub const MAX_SOCKETS: usize = 128;
/// The default limit from the name lookup to the end of the TLS handshake.
const CONNECT: Duration = Duration::from_secs(10);
/// The most time to find out whether the body of a request is empty. Guests that open a body for `GET` finish it at
/// once.
const BEGIN: Duration = Duration::from_millis(50);
/// The most concurrent requests on one HTTP/2 connection.
pub(crate) const MAX_STREAMS: usize = 16;
/// Flow control of HTTP/2: the bytes that a server may send before the guest reads them, for each response and for each
/// connection. The connection's window has room for all its responses, so that an unread response does not block the
/// others.
pub(crate) const STREAM_WINDOW: u32 = 256 * 1024;
pub(crate) const CONNECTION_WINDOW: u32 = STREAM_WINDOW * MAX_STREAMS as u32;

pub(crate) struct Client {
    gate: Gate,
    roots: Option<PathBuf>,
    ca: Option<PathBuf>,
    tls: OnceCell<Arc<ClientConfig>>,
    pool: Arc<Pool>,
    signing: Option<Signing>,
    /// One permit for each open TCP connection.
    sockets: Arc<Semaphore>,
}

/// A TCP connection that has just been opened.
pub(crate) struct Opened {
    pub(crate) io: Box<dyn Io>,
    pub(crate) local: SocketAddr,
    pub(crate) permit: OwnedSemaphorePermit,
}

/// A response with the connection that it is read from.
pub(crate) struct LeasedResponse {
    pub(crate) response: Response<Incoming>,
    pub(crate) lease: Lease,
    pub(crate) sent: Sent,
    /// Whether the guest's trailers could not be sent.
    pub(crate) lost_trailers: bool,
}

/// The time limits of a request, over all attempts.
struct Times {
    connect: Budget,
    head: Budget,
}

impl Client {
    pub(crate) fn new(network: &Network) -> Self {
        Self::with_connections(network, MAX_CONNECTIONS, MAX_TO_ONE)
    }

    pub(super) fn with_connections(network: &Network, most: usize, most_to_one: usize) -> Self {
        let pool = Arc::new(Pool::new(most, most_to_one));
        Self {
            gate: Gate::new(network),
            roots: network.roots.clone(),
            ca: network.ca.clone(),
            tls: OnceCell::new(),
            pool,
            signing: network.signing.clone(),
            sockets: Arc::new(Semaphore::new(MAX_SOCKETS)),
        }
    }

    /// Checks whether a request to this origin is allowed by its name.
    pub(crate) fn check(&self, origin: &Origin) -> Result<(), Denial> {
        self.gate.check(origin)
    }

    /// What signs the requests to this origin, if they are signed.
    pub(crate) fn signing(&self, origin: &Origin) -> Option<&Signing> {
        self.signing.as_ref().filter(|signing| signing.origins.allows(origin))
    }

    /// Sends a request to `origin`, the origin of its URI. It may be retried, see [`Fate`].
    pub(crate) async fn send(
        &self,
        request: Request<WasiBody>,
        origin: &Origin,
        options: RequestOptions,
    ) -> Result<LeasedResponse, Failure> {
        let (parts, body) = request.into_parts();
        let body = RequestBody::new(body);
        if framing::stated_length(&parts.headers).is_none() {
            // A body that has not begun by then is streamed.
            let _ = timeout(BEGIN, body.known()).await;
        }
        let host = self.pool.host(origin);
        let connect = Budget::new(Some(options.connect_timeout.unwrap_or(CONNECT)));
        let mut times = Times { connect, head: Budget::new(options.first_byte_timeout) };
        let mut tries = Tries::default();
        loop {
            let (sender, is_new) = self.connection(origin, &host, tries.is_first(), &mut times.connect).await?;
            let lease = Lease::new(self.pool.clone(), host.clone(), sender, &body);
            match try_once(parts.clone(), &body, origin, lease, is_new, &mut times.head).await {
                Ok(answer) => return Ok(answer),
                Err((failure, fate)) if !tries.may_retry(fate) => return Err(failure),
                Err(_) => {}
            }
        }
    }

    /// Acquires a connection to `origin`, and returns whether it is new. Every retry uses a new one.
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
            Scheme::Https => Some(self.tls().await?),
            _ => None,
        };
        let acquired =
            async { if reuse { self.pool.acquire(host).await } else { Acquired::New(self.pool.permit(host).await) } };
        let permit = match time.spend(acquired).await.ok_or(Failure::NoRoom)? {
            Acquired::Open(sender) => return Ok((sender, false)),
            Acquired::New(permit) => permit,
        };
        let sender = dial(addresses, origin, tls, permit, time).await?;
        let Some(shared) = sender.share() else { return Ok((sender, true)) };
        // Another request may have opened one in the meantime.
        if reuse && let Some(opened) = host.take() {
            return Ok((opened, false));
        }
        self.pool.keep(host, shared);
        Ok((sender, true))
    }

    /// Whether any TCP connection is allowed.
    pub(crate) fn has_tcp(&self) -> bool {
        self.gate.has_tcp()
    }

    /// Checks the lookup of a name for a TCP connection.
    pub(crate) fn check_name(&self, name: &str) -> Result<(), Denial> {
        self.gate.check_name(name)
    }

    /// Checks a TCP connection, and says how to make it.
    pub(crate) fn check_tcp(&self, host: OriginHost, port: u16) -> Result<Origin, (Origin, Denial)> {
        self.gate.check_tcp(host, port)
    }

    /// Opens a TCP connection that [`Client::check_tcp`] has allowed.
    pub(crate) async fn open(&self, origin: &Origin) -> Result<Opened, Failure> {
        let mut time = Budget::new(Some(CONNECT));
        let addresses = time.spend(self.gate.addresses(origin)).await;
        let addresses = addresses.ok_or_else(|| Failure::LookupTimeout { busy: self.gate.is_busy() })??;
        let permit =
            time.spend(self.sockets.clone().acquire_owned()).await.and_then(Result::ok).ok_or(Failure::NoRoom)?;
        let stream = time.spend(connect(addresses)).await.ok_or(Failure::ConnectTimeout)?.map_err(Failure::Connect)?;
        stream.set_nodelay(true).map_err(Failure::Connect)?;
        let local = stream.local_addr().map_err(Failure::Connect)?;
        let mut io = Prompt(stream);
        let io: Box<dyn Io> = match origin.scheme {
            Scheme::Tls | Scheme::Postgres => {
                let mut config = ClientConfig::clone(&*self.tls().await?);
                config.alpn_protocols.clear();
                let secured = time.spend(async {
                    if origin.scheme == Scheme::Postgres {
                        ask_postgres(&mut io).await?;
                    }
                    handshake(io, Arc::new(config), &origin.host).await
                });
                secured.await.ok_or(Failure::ConnectTimeout)?.map_err(Failure::Connect)?
            }
            _ => Box::new(io),
        };
        Ok(Opened { io, local, permit })
    }

    async fn tls(&self) -> Result<Arc<ClientConfig>, Failure> {
        let config = self.tls.get_or_try_init(|| roots::load(self.roots.clone(), self.ca.clone())).await;
        config.cloned().map_err(Failure::Roots)
    }

    /// Drops all pooled connections and fetched credentials. Later requests open and fetch new ones.
    pub(crate) fn forget(&self) {
        self.pool.forget();
        if let Some(signing) = &self.signing {
            signing.credentials.forget();
        }
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
        // Dropping the request has closed its connection.
        None => Err((Failure::ResponseTimeout, Fate::Final)),
        Some(Err(mut error)) => {
            let unsent = error.take_message().is_some();
            let error = error.into_error();
            if lease.state().is_flooded() {
                return Err((Failure::Flooded, Fate::Final));
            }
            let repeatable = idempotent && lease.state().has_served();
            let fate = Fate::of(&error, unsent, is_new, body.is_whole(), repeatable);
            Err((Failure::Request(error), fate))
        }
    }
}
