//! The TCP sockets of one instance: which names it may look up, and where it may connect.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::client::Client;
use super::failure::Failure;
use super::notice::Notices;
use super::origin::{Origin, OriginHost};
use super::socket::{Connecting, SocketError};
use super::socket_stream::SocketStream;
use super::stand_ins::StandIns;
use super::{error, gate::Denial};

/// What an instance needs for its sockets.
pub(crate) struct Sockets {
    client: Arc<Client>,
    notices: Arc<Notices>,
    stand_ins: StandIns,
    /// One permit for each socket, until its streams are dropped too. Made with the first one.
    permits: Option<Arc<Semaphore>>,
    most: usize,
}

/// Why a name has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    Denied,
    Invalid,
    TooMany,
}

impl Sockets {
    /// The sockets of an instance that may have `most` of them.
    pub(crate) fn new(client: Arc<Client>, notices: Arc<Notices>, most: usize) -> Self {
        Self { client, notices, stand_ins: StandIns::default(), permits: None, most }
    }

    /// Replaces the notices by those of the next call.
    pub(crate) fn notify(&mut self, notices: Arc<Notices>) {
        self.notices = notices;
    }

    /// The address of a name: itself if it is an address, otherwise one that stands for it.
    pub(crate) fn look_up(&mut self, name: &str) -> Result<IpAddr, Lookup> {
        if let Ok(address) = name.parse() {
            return Ok(address);
        }
        match OriginHost::parse(name).ok_or(Lookup::Invalid)? {
            OriginHost::Address(address) => Ok(address),
            OriginHost::Name(name) => {
                if let Err(denial) = self.client.check_name(&name) {
                    self.notices.denied_part(&name, denial);
                    return Err(Lookup::Denied);
                }
                self.stand_ins.address(&name).map(IpAddr::from).ok_or(Lookup::TooMany)
            }
        }
    }

    /// Tells the operator that the lookup of an address was refused because no entry allows any connection.
    pub(crate) fn refused_address(&self, address: IpAddr) {
        let host = OriginHost::Address(address).to_string();
        self.notices.denied_part(&host, Denial::unlisted_name(&host));
    }

    /// Tells the operator that a socket was refused because no entry allows any.
    pub(crate) fn refused(&self) {
        let reason = "no entry of the list is for TCP connections".to_owned();
        self.notices.denied_part("a TCP server", Denial { reason, allow: Some("tcp://HOST:PORT".to_owned()) });
    }

    /// Tells the operator that a handler has asked for a socket to which others connect.
    pub(crate) fn cannot_listen(&self) {
        let reason = "a handler opens connections, and cannot bind an address or listen".to_owned();
        self.notices.denied_part("a listening socket", Denial { reason, allow: None });
    }

    /// Tells the operator that a handler has asked for a socket of UDP.
    pub(crate) fn has_no_udp(&self) {
        let reason = "a handler has no UDP".to_owned();
        self.notices.denied_part("a UDP socket", Denial { reason, allow: None });
    }

    /// The permit for another socket.
    pub(crate) fn permit(&mut self) -> Result<OwnedSemaphorePermit, SocketError> {
        let most = self.most.min(Semaphore::MAX_PERMITS);
        let permits = self.permits.get_or_insert_with(|| Arc::new(Semaphore::new(most)));
        permits.clone().try_acquire_owned().map_err(|_| {
            let reason = format!("the handler has {} sockets, as many as limits.connections allows", self.most);
            self.notices.failed_part("a TCP server", reason);
            SocketError::TooMany
        })
    }

    /// Begins to connect to an address that stands for a name, or to a literal one.
    pub(crate) fn connect(&self, to: SocketAddr, permit: Arc<OwnedSemaphorePermit>) -> Result<Connecting, SocketError> {
        let address = to.ip().to_canonical();
        let host = match self.stand_ins.name(address) {
            Some(name) => OriginHost::Name(name.to_owned()),
            None => OriginHost::Address(address),
        };
        if to.port() == 0 {
            return Err(SocketError::InvalidArgument);
        }
        let origin = self.client.check_tcp(host, to.port()).map_err(|(origin, denial)| {
            self.notices.denied(&origin, &denial);
            SocketError::Denied
        })?;
        let (client, notices) = (self.client.clone(), self.notices.clone());
        Ok(Box::pin(async move {
            let opened = client.open(&origin).await.map_err(|failure| tell(&notices, &origin, &failure))?;
            let asked = origin.scheme == super::origin::Scheme::Postgres;
            Ok((SocketStream::new(opened.io, asked, Box::new((permit, opened.permit))), opened.local))
        }))
    }
}

fn tell(notices: &Notices, origin: &Origin, failure: &Failure) -> SocketError {
    match failure {
        Failure::Denied(denial) => notices.denied(origin, denial),
        _ => notices.failed(origin, error::text(failure)),
    }
    error::of_connect(failure)
}
