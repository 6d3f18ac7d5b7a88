//! The servers that handlers call, well-behaved and misbehaving. Each has a port. The first word of the path selects
//! the misbehaviour of an HTTP/1.1 server.

mod certificate;
mod dns;
mod http1;
mod http2;
mod tls;

use std::collections::BTreeMap;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::random::Random;
use certificate::Certificates;

/// An address in a network of the driver's own. It is not a special address, so names may resolve to it.
const OWN: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 9, 0, 1));
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The domain of all names that the name server knows.
pub(crate) const DOMAIN: &str = "chaos.test";

#[derive(Clone)]
pub(crate) struct Peers(Arc<Inner>);

struct Inner {
    /// The runtime of the servers.
    _runtime: Runtime,
    address: IpAddr,
    has_names: bool,
    /// The scheme and port of each server, by its behaviour.
    servers: BTreeMap<&'static str, (&'static str, u16)>,
    certificates: Certificates,
    shared: Shared,
}

/// State that the servers share.
#[derive(Clone)]
struct Shared {
    /// Changes when all connections must be closed.
    close: watch::Sender<u64>,
    /// How often each server was called or dialled.
    seen: Arc<Mutex<BTreeMap<&'static str, u64>>>,
}

impl Peers {
    /// Starts all servers. In a network of the driver's own, this includes the name server.
    pub(crate) fn start(namespace: bool) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("peers").enable_all().build().unwrap();
        let (close, _) = watch::channel(0);
        let shared = Shared { close, seen: Arc::default() };
        let address = if namespace { OWN } else { LOOPBACK };
        let certificates = Certificates::new(address);
        let mut servers = BTreeMap::new();
        {
            let _entered = runtime.enter();
            servers.insert("http", ("http", http1::start(address, &shared)));
            servers.insert("refused", ("http", refused(address)));
            tls::start(address, &shared, &certificates, &mut servers);
            http2::start(address, &shared, &certificates, &mut servers);
            if namespace {
                dns::start(&shared);
            }
        }
        Self(Arc::new(Inner { _runtime: runtime, address, has_names: namespace, servers, certificates, shared }))
    }

    pub(crate) fn has_names(&self) -> bool {
        self.0.has_names
    }

    /// The PEM file with the trusted root certificates.
    pub(crate) fn roots(&self) -> &Path {
        self.0.certificates.roots()
    }

    /// The setting that allows all servers.
    pub(crate) fn allowed(&self) -> String {
        let all = self.0.servers.values();
        let literal = all.clone().map(|(scheme, port)| format!("{scheme}://{}:{port}", self.0.address));
        let named = all.map(|(scheme, port)| format!("{scheme}://*.{DOMAIN}:{port}"));
        literal.chain(named).collect::<Vec<_>>().join(",")
    }

    /// A URL of a server.
    pub(crate) fn url(&self, server: &str, path: &str) -> String {
        let (scheme, port) = self.0.servers[server];
        format!("{scheme}://{}:{port}{path}", self.0.address)
    }

    /// A URL of a server by name.
    pub(crate) fn named(&self, server: &str, name: &str, path: &str) -> String {
        let (scheme, port) = self.0.servers[server];
        format!("{scheme}://{name}.{DOMAIN}:{port}{path}")
    }

    /// Closes all connections, like a server that closes idle ones.
    pub(crate) fn close_all(&self) {
        self.0.shared.close.send_modify(|count| *count += 1);
    }

    /// How often each server received requests that break off, by its behaviour.
    pub(crate) fn seen(&self) -> BTreeMap<&'static str, u64> {
        self.0.shared.seen.lock().unwrap().clone()
    }
}

impl Shared {
    /// Serves each connection until it ends, or until all must be closed.
    fn listen<F>(&self, listener: TcpListener, serve: impl Fn(TcpStream) -> F + Send + Sync + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let close = self.close.clone();
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let _ = stream.set_nodelay(true);
                let served = serve(stream);
                let mut closing = close.subscribe();
                tokio::spawn(async move {
                    tokio::select! {
                        () = served => {}
                        _ = closing.changed() => {}
                    }
                });
            }
        });
    }

    fn count(&self, what: &'static str) {
        *self.seen.lock().unwrap().entry(what).or_default() += 1;
    }
}

/// A listener on a port that the system chooses, and its port.
fn bind(address: IpAddr) -> (TcpListener, u16) {
    let listener = std::net::TcpListener::bind(SocketAddr::new(address, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    (TcpListener::from_std(listener).unwrap(), port)
}

/// A port without a listener: a port that was bound before stays unused for a while.
fn refused(address: IpAddr) -> u16 {
    bind(address).1
}

/// The bytes that servers send for this number and length.
pub(crate) fn served(number: u64, length: usize) -> Vec<u8> {
    Random::new(number).bytes(length)
}

/// The bytes for a path `/word/NUMBER/LENGTH`.
fn asked(path: &str) -> Vec<u8> {
    let mut words = path.split('/').skip(2);
    let number = words.next().and_then(|word| u64::from_str_radix(word, 16).ok()).unwrap_or(0);
    let length = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    served(number, length)
}
