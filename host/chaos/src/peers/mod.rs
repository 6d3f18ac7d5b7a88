//! What handlers call: servers that do as they should, and servers that do not. Each is a port; which of its misdeeds an
//! HTTP/1.1 server does is the first word of the path.

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

/// An address of a network of the driver's own: no special one, so that names may lead to it.
const OWN: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 9, 0, 1));
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The names that the name server knows are below this.
pub(crate) const DOMAIN: &str = "chaos.test";

#[derive(Clone)]
pub(crate) struct Peers(Arc<Inner>);

struct Inner {
    /// The servers' own.
    _runtime: Runtime,
    address: IpAddr,
    has_names: bool,
    /// Servers by what they do: the scheme and the port.
    servers: BTreeMap<&'static str, (&'static str, u16)>,
    certificates: Certificates,
    shared: Shared,
}

/// What servers have in common.
#[derive(Clone)]
struct Shared {
    /// Changes when all connections are to be closed.
    close: watch::Sender<u64>,
    /// How often a server was asked for something, or dialled.
    seen: Arc<Mutex<BTreeMap<&'static str, u64>>>,
}

impl Peers {
    /// Starts all of them. With a network of the driver's own there are names, too.
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

    /// The PEM file of the certificates that are to be trusted.
    pub(crate) fn roots(&self) -> &Path {
        self.0.certificates.roots()
    }

    /// The setting that allows all of them.
    pub(crate) fn allowed(&self) -> String {
        let all = self.0.servers.values();
        let literal = all.clone().map(|(scheme, port)| format!("{scheme}://{}:{port}", self.0.address));
        let named = all.map(|(scheme, port)| format!("{scheme}://*.{DOMAIN}:{port}"));
        literal.chain(named).collect::<Vec<_>>().join(",")
    }

    /// An address at that server.
    pub(crate) fn url(&self, server: &str, path: &str) -> String {
        let (scheme, port) = self.0.servers[server];
        format!("{scheme}://{}:{port}{path}", self.0.address)
    }

    /// The same by a name.
    pub(crate) fn named(&self, server: &str, name: &str, path: &str) -> String {
        let (scheme, port) = self.0.servers[server];
        format!("{scheme}://{name}.{DOMAIN}:{port}{path}")
    }

    /// Closes all connections, as servers do with those that are idle.
    pub(crate) fn close_all(&self) {
        self.0.shared.close.send_modify(|count| *count += 1);
    }

    /// How often the servers were asked for something that breaks off, by what they do.
    pub(crate) fn seen(&self) -> BTreeMap<&'static str, u64> {
        self.0.shared.seen.lock().unwrap().clone()
    }
}

impl Shared {
    /// Serves each connection until it ends, or all are to be closed.
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

/// A listener on a port that the system chooses, and that port.
fn bind(address: IpAddr) -> (TcpListener, u16) {
    let listener = std::net::TcpListener::bind(SocketAddr::new(address, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    (TcpListener::from_std(listener).unwrap(), port)
}

/// A port at which nobody listens: one that was bound stays free for a while.
fn refused(address: IpAddr) -> u16 {
    bind(address).1
}

/// What servers answer to a request for so many bytes under that number.
pub(crate) fn served(number: u64, length: usize) -> Vec<u8> {
    Random::new(number).bytes(length)
}

/// The number and the length that a path asks for, as `/word/NUMBER/LENGTH`.
fn asked(path: &str) -> Vec<u8> {
    let mut words = path.split('/').skip(2);
    let number = words.next().and_then(|word| u64::from_str_radix(word, 16).ok()).unwrap_or(0);
    let length = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    served(number, length)
}
