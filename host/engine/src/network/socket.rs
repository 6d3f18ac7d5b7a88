//! A TCP socket of a guest, the same for WASI 0.2 and 0.3: it connects once, and never listens.

use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime_wasi::p2::Pollable;

use super::socket_stream::SocketStream;
use super::sockets::Sockets;

/// Why an operation of a socket fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SocketError {
    Denied,
    InvalidState,
    InvalidArgument,
    NotInProgress,
    InProgress,
    WouldBlock,
    Timeout,
    Unreachable,
    Refused,
    Reset,
    Aborted,
    TooMany,
}

/// A connection that is being opened, with its local address.
pub(crate) type Connecting = Pin<Box<dyn Future<Output = Result<(SocketStream, SocketAddr), SocketError>> + Send>>;

pub(crate) struct Socket {
    is_ipv6: bool,
    is_bound: bool,
    /// In 0.2, binding has a second step.
    is_binding: bool,
    phase: Phase,
    output_taken: bool,
    input_taken: bool,
    permit: Arc<OwnedSemaphorePermit>,
    /// Options that a guest can set. They have no effect, but what was set is returned.
    pub(crate) options: SocketOptions,
}

enum Phase {
    Idle,
    Connecting {
        to: SocketAddr,
        opening: Connecting,
    },
    /// The result that the guest has not asked for yet.
    Opened {
        to: SocketAddr,
        result: Result<(SocketStream, SocketAddr), SocketError>,
    },
    Connected {
        to: SocketAddr,
        local: SocketAddr,
        stream: SocketStream,
    },
    Failed,
}

#[derive(Clone, Copy)]
pub(crate) struct SocketOptions {
    pub(crate) keep_alive: bool,
    /// In nanoseconds.
    pub(crate) keep_alive_idle: u64,
    pub(crate) keep_alive_interval: u64,
    pub(crate) keep_alive_count: u32,
    pub(crate) hop_limit: u8,
    pub(crate) receive_buffer: u64,
    pub(crate) send_buffer: u64,
}

impl Default for SocketOptions {
    /// Linux's values.
    fn default() -> Self {
        Self {
            keep_alive: false,
            keep_alive_idle: 7_200_000_000_000,
            keep_alive_interval: 75_000_000_000,
            keep_alive_count: 9,
            hop_limit: 64,
            receive_buffer: super::socket_stream::BUFFER as u64,
            send_buffer: super::socket_stream::BUFFER as u64,
        }
    }
}

impl Socket {
    pub(crate) fn new(is_ipv6: bool, permit: OwnedSemaphorePermit) -> Self {
        let options = SocketOptions::default();
        Self {
            is_ipv6,
            is_bound: false,
            is_binding: false,
            phase: Phase::Idle,
            output_taken: false,
            input_taken: false,
            permit: Arc::new(permit),
            options,
        }
    }

    pub(crate) fn is_ipv6(&self) -> bool {
        self.is_ipv6
    }

    /// Binds to any address. Others would tell a guest about the machine, or take a port of it.
    pub(crate) fn bind(&mut self, address: SocketAddr, sockets: &Sockets) -> Result<(), SocketError> {
        self.check_family(address)?;
        match self.phase {
            Phase::Idle if !self.is_bound && !self.is_binding => {}
            _ => return Err(SocketError::InvalidState),
        }
        if !address.ip().is_unspecified() || address.port() != 0 {
            sockets.cannot_listen();
            return Err(SocketError::Denied);
        }
        self.is_bound = true;
        Ok(())
    }

    /// The first step of binding in 0.2.
    pub(crate) fn start_bind(&mut self, address: SocketAddr, sockets: &Sockets) -> Result<(), SocketError> {
        self.bind(address, sockets)?;
        self.is_bound = false;
        self.is_binding = true;
        Ok(())
    }

    /// The second step of binding in 0.2.
    pub(crate) fn finish_bind(&mut self) -> Result<(), SocketError> {
        if !self.is_binding {
            return Err(SocketError::NotInProgress);
        }
        (self.is_binding, self.is_bound) = (false, true);
        Ok(())
    }

    pub(crate) fn start_connect(&mut self, to: SocketAddr, sockets: &Sockets) -> Result<(), SocketError> {
        match self.phase {
            _ if self.is_binding => return Err(SocketError::InProgress),
            Phase::Idle => {}
            Phase::Connecting { .. } | Phase::Opened { .. } => return Err(SocketError::InProgress),
            Phase::Connected { .. } | Phase::Failed => return Err(SocketError::InvalidState),
        }
        self.check_family(to)?;
        if to.ip().is_unspecified() || to.port() == 0 {
            return Err(SocketError::InvalidArgument);
        }
        match sockets.connect(to, self.permit.clone()) {
            Ok(opening) => self.phase = Phase::Connecting { to, opening },
            Err(error) => {
                self.phase = Phase::Failed;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Waits until the connection is open, or has failed.
    pub(crate) fn poll_connected(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Phase::Connecting { to, opening } = &mut self.phase {
            let to = *to;
            let Poll::Ready(result) = opening.as_mut().poll(cx) else { return Poll::Pending };
            self.phase = Phase::Opened { to, result };
        }
        Poll::Ready(())
    }

    /// The open connection, if it is open by now.
    pub(crate) fn finish_connect(&mut self) -> Result<SocketStream, SocketError> {
        let _ = self.poll_connected(&mut Context::from_waker(Waker::noop()));
        match std::mem::replace(&mut self.phase, Phase::Failed) {
            Phase::Opened { to, result } => {
                let (stream, local) = result?;
                self.phase = Phase::Connected { to, local, stream: stream.clone() };
                Ok(stream)
            }
            other => {
                let connecting = matches!(other, Phase::Connecting { .. });
                self.phase = other;
                Err(if connecting { SocketError::WouldBlock } else { SocketError::NotInProgress })
            }
        }
    }

    /// The open connection.
    pub(crate) fn stream(&self) -> Result<&SocketStream, SocketError> {
        match &self.phase {
            Phase::Connected { stream, .. } => Ok(stream),
            _ => Err(SocketError::InvalidState),
        }
    }

    /// The open connection, for what the guest sends. It can be taken once.
    pub(crate) fn take_output(&mut self) -> Result<SocketStream, SocketError> {
        let stream = self.stream()?.clone();
        if std::mem::replace(&mut self.output_taken, true) { Err(SocketError::InvalidState) } else { Ok(stream) }
    }

    /// The open connection, for what the server sends. It can be taken once.
    pub(crate) fn take_input(&mut self) -> Result<SocketStream, SocketError> {
        let stream = self.stream()?.clone();
        if std::mem::replace(&mut self.input_taken, true) { Err(SocketError::InvalidState) } else { Ok(stream) }
    }

    pub(crate) fn remote_address(&self) -> Result<SocketAddr, SocketError> {
        match &self.phase {
            Phase::Connected { to, .. } => Ok(*to),
            _ => Err(SocketError::InvalidState),
        }
    }

    /// The local port, without the address of the machine.
    pub(crate) fn local_address(&self) -> Result<SocketAddr, SocketError> {
        let port = match &self.phase {
            Phase::Connected { local, .. } => local.port(),
            _ if self.is_bound => 0,
            _ => return Err(SocketError::InvalidState),
        };
        let any: IpAddr = if self.is_ipv6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        Ok(SocketAddr::new(any, port))
    }

    fn check_family(&self, address: SocketAddr) -> Result<(), SocketError> {
        if address.is_ipv6() == self.is_ipv6 { Ok(()) } else { Err(SocketError::InvalidArgument) }
    }
}

#[async_trait]
impl Pollable for Socket {
    async fn ready(&mut self) {
        poll_fn(|cx| self.poll_connected(cx)).await;
    }
}
