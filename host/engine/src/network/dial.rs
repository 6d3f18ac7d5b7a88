//! Opens connections, and only to checked addresses.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;

use super::budget::Budget;
use super::connection::Tcp;
use super::connection_state::ConnectionState;
use super::failure::Failure;
use super::origin::{Origin, OriginHost};
use super::pool::Permit;
use super::sender::Sender;

/// The time until the next address is tried in parallel (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);
/// The most addresses of a name that are tried.
const MAX_ADDRESSES: usize = 8;
/// The most attempts in parallel to the first one of their connection, of all connections. Each opens a file, and only the
/// first one is counted by the permit of its connection.
const MAX_EXTRA_ATTEMPTS: usize = 32;

static EXTRA_ATTEMPTS: Semaphore = Semaphore::const_new(MAX_EXTRA_ATTEMPTS);

/// Connects to one of these addresses, with TLS if there is a configuration, and negotiates the version of HTTP.
pub(crate) async fn dial(
    addresses: Vec<SocketAddr>,
    origin: &Origin,
    tls: Option<Arc<ClientConfig>>,
    permit: Permit,
    time: &mut Budget,
) -> Result<Sender, Failure> {
    let stream = time.spend(connect(addresses)).await.ok_or(Failure::ConnectTimeout)?.map_err(Failure::Connect)?;
    stream.set_nodelay(true).map_err(Failure::Connect)?;
    let state = ConnectionState::default();
    let tcp = Tcp::new(stream, state.clone(), permit);
    let Some(config) = tls else {
        return Sender::http1(Box::new(tcp), state).await.map_err(Failure::Handshake);
    };
    let name = server_name(&origin.host).map_err(Failure::Connect)?;
    let shaken = time.spend(TlsConnector::from(config).connect(name, tcp)).await;
    let stream = shaken.ok_or(Failure::ConnectTimeout)?.map_err(Failure::Connect)?;
    let sender = match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Sender::http2(Box::new(stream), state).await,
        _ => Sender::http1(Box::new(stream), state).await,
    };
    sender.map_err(Failure::Handshake)
}

/// Returns the first established connection, and cancels the other attempts.
pub(crate) async fn connect(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut rest = addresses.into_iter().take(MAX_ADDRESSES).peekable();
    let mut attempts = FuturesUnordered::new();
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        // If too many attempts are running, the next one waits until one of this connection has failed.
        let extra = if attempts.is_empty() { Some(None) } else { EXTRA_ATTEMPTS.try_acquire().ok().map(Some) };
        if let Some(extra) = extra
            && let Some(address) = rest.next()
        {
            attempts.push(async move {
                let _extra = extra;
                TcpStream::connect(address).await
            });
        }
        tokio::select! {
            attempt = attempts.next() => match attempt {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => failure = error,
                None => return Err(failure),
            },
            () = sleep(HEAD_START), if rest.peek().is_some() => {}
        }
    }
}

pub(crate) fn server_name(host: &OriginHost) -> io::Result<ServerName<'static>> {
    match host {
        OriginHost::Address(address) => Ok(ServerName::from(*address)),
        OriginHost::Name(name) => ServerName::try_from(name.clone()).map_err(io::Error::other),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn addresses_are_tried_in_parallel() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        // The first address has no listener. Packets to the other one are dropped or cannot be routed.
        let closed = SocketAddr::from(([127, 0, 0, 2], address.port()));
        let silent = SocketAddr::from(([192, 0, 2, 1], 80));
        for addresses in [vec![closed, address], vec![silent, address], vec![silent, closed, address]] {
            assert_eq!(connect(addresses).await.unwrap().peer_addr().unwrap(), address);
        }
        let refused = connect(vec![closed]).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        assert!(connect(vec![]).await.is_err());
    }

    /// Each attempt opens a file, and a name may have many addresses at which nobody answers.
    #[tokio::test(start_paused = true)]
    async fn the_attempts_beyond_the_first_are_limited_over_all_connections() {
        let before = EXTRA_ATTEMPTS.available_permits();
        let silent: Vec<_> = (1..=8).map(|host| SocketAddr::from(([192, 0, 2, host], 80))).collect();
        let mut connecting: FuturesUnordered<_> = (0..50).map(|_| connect(silent.clone())).collect();
        let mut least = before;
        for _ in 0..20 {
            tokio::select! {
                _ = connecting.next(), if !connecting.is_empty() => {}
                () = sleep(HEAD_START) => {}
            }
            least = least.min(EXTRA_ATTEMPTS.available_permits());
        }
        // Where such packets cannot be routed, an attempt fails before the next one begins.
        assert!(least == 0 || connecting.is_empty(), "{least} of {before}");
        drop(connecting);
        assert_eq!(EXTRA_ATTEMPTS.available_permits(), before);
    }
}
