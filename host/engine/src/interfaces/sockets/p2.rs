//! `wasi:sockets` 0.2.
//!
//! A network's number has no meaning. The functions have the resource types of wasmtime's own, and their numbers are those
//! of this host's values in the table.

use std::io;
use std::net::SocketAddr;

use async_trait::async_trait;
use bytes::Bytes;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::{self, ResolveAddressStream};
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress};
use wasmtime_wasi::p2::bindings::sockets::tcp::{self, ShutdownType, TcpSocket};
use wasmtime_wasi::p2::bindings::sockets::{instance_network as instance, tcp_create_socket as create};
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, DynPollable, InputStream, Network, OutputStream, Pollable, SocketError as Failed,
    SocketResult, StreamError, StreamResult, subscribe,
};

use super::{TcpSockets, View, view};
use crate::network::{Broken, Lookup, Socket, SocketError, SocketStream};
use crate::state::State;
use crate::weigh::SOCKET;

/// The link options of this interface: standard libraries ask for the code of an error of a stream.
fn options() -> network::LinkOptions {
    let mut options = network::LinkOptions::default();
    options.network_error_code(true);
    options
}

pub(super) fn instance_network(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    instance::add_to_linker::<_, TcpSockets>(linker, view)
}

pub(super) fn ip_name_lookup(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    ip_name_lookup::add_to_linker::<_, TcpSockets>(linker, view)
}

pub(super) fn network(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    network::add_to_linker::<_, TcpSockets>(linker, &options(), view)
}

pub(super) fn tcp(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    tcp::add_to_linker::<_, TcpSockets>(linker, view)
}

pub(super) fn tcp_create_socket(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    create::add_to_linker::<_, TcpSockets>(linker, view)
}

impl instance::Host for View<'_> {
    fn instance_network(&mut self) -> wasmtime::Result<Resource<Network>> {
        Ok(Resource::new_own(0))
    }
}

impl network::Host for View<'_> {
    fn convert_error_code(&mut self, error: Failed) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn network_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        let error = self.0.table().get(&error)?;
        Ok(error.downcast_ref::<io::Error>().map(|error| code(of_broken(Broken(error.kind())))))
    }
}

impl network::HostNetwork for View<'_> {
    fn drop(&mut self, _: Resource<Network>) -> wasmtime::Result<()> {
        Ok(())
    }
}

/// The addresses of a name that the guest has not read yet.
struct Found(Option<IpAddress>);

impl ip_name_lookup::Host for View<'_> {
    fn resolve_addresses(
        &mut self,
        _: Resource<Network>,
        name: String,
    ) -> SocketResult<Resource<ResolveAddressStream>> {
        let address = self.0.sockets.look_up(&name).map_err(|error| match error {
            Lookup::Denied => ErrorCode::AccessDenied,
            Lookup::Invalid => ErrorCode::InvalidArgument,
            Lookup::TooMany => ErrorCode::PermanentResolverFailure,
        })?;
        let found = self.0.table().push(Found(Some(address.into())))?;
        Ok(Resource::new_own(found.rep()))
    }
}

impl ip_name_lookup::HostResolveAddressStream for View<'_> {
    fn resolve_next_address(&mut self, this: Resource<ResolveAddressStream>) -> SocketResult<Option<IpAddress>> {
        Ok(self.0.table().get_mut(&found(&this))?.0.take())
    }

    fn subscribe(&mut self, this: Resource<ResolveAddressStream>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.0.table(), found(&this))
    }

    fn drop(&mut self, this: Resource<ResolveAddressStream>) -> wasmtime::Result<()> {
        self.0.table().delete(Resource::<Found>::new_own(this.rep()))?;
        Ok(())
    }
}

#[async_trait]
impl Pollable for Found {
    async fn ready(&mut self) {}
}

/// Borrowed, as a pollable of an owned resource would delete it at its end.
fn found(this: &Resource<ResolveAddressStream>) -> Resource<Found> {
    Resource::new_borrow(this.rep())
}

impl create::Host for View<'_> {
    fn create_tcp_socket(&mut self, family: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        let permit = self.0.sockets.permit().map_err(failed)?;
        if !self.0.hold(SOCKET) {
            return Err(ErrorCode::OutOfMemory.into());
        }
        let socket = self.0.table().push(Socket::new(matches!(family, IpAddressFamily::Ipv6), permit))?;
        Ok(Resource::new_own(socket.rep()))
    }
}

impl View<'_> {
    fn socket(&mut self, this: &Resource<TcpSocket>) -> SocketResult<&mut Socket> {
        Ok(self.0.table().get_mut(&socket(this))?)
    }
}

fn socket(this: &Resource<TcpSocket>) -> Resource<Socket> {
    Resource::new_borrow(this.rep())
}

impl tcp::Host for View<'_> {}

impl tcp::HostTcpSocket for View<'_> {
    async fn start_bind(
        &mut self,
        this: Resource<TcpSocket>,
        _: Resource<Network>,
        address: IpSocketAddress,
    ) -> SocketResult<()> {
        let (table, sockets) = self.0.table_and_sockets();
        table.get_mut(&socket(&this))?.start_bind(address.into(), sockets).map_err(failed)
    }

    fn finish_bind(&mut self, this: Resource<TcpSocket>) -> SocketResult<()> {
        self.socket(&this)?.finish_bind().map_err(failed)
    }

    fn start_connect(
        &mut self,
        this: Resource<TcpSocket>,
        _: Resource<Network>,
        address: IpSocketAddress,
    ) -> SocketResult<()> {
        let (table, sockets) = self.0.table_and_sockets();
        table.get_mut(&socket(&this))?.start_connect(SocketAddr::from(address), sockets).map_err(failed)
    }

    fn finish_connect(
        &mut self,
        this: Resource<TcpSocket>,
    ) -> SocketResult<(Resource<DynInputStream>, Resource<DynOutputStream>)> {
        let stream = self.socket(&this)?.finish_connect().map_err(failed)?;
        let parent = socket(&this);
        let input: DynInputStream = Box::new(SocketInput(stream.clone()));
        let output: DynOutputStream = Box::new(SocketOutput { stream, permit: 0 });
        let table = self.0.table();
        Ok((table.push_child(input, &parent)?, table.push_child(output, &parent)?))
    }

    async fn start_listen(&mut self, _: Resource<TcpSocket>) -> SocketResult<()> {
        self.0.sockets.cannot_listen();
        Err(ErrorCode::AccessDenied.into())
    }

    fn finish_listen(&mut self, _: Resource<TcpSocket>) -> SocketResult<()> {
        Err(ErrorCode::NotInProgress.into())
    }

    fn accept(
        &mut self,
        _: Resource<TcpSocket>,
    ) -> SocketResult<(Resource<TcpSocket>, Resource<DynInputStream>, Resource<DynOutputStream>)> {
        Err(ErrorCode::InvalidState.into())
    }

    fn local_address(&mut self, this: Resource<TcpSocket>) -> SocketResult<IpSocketAddress> {
        self.socket(&this)?.local_address().map(Into::into).map_err(failed)
    }

    fn remote_address(&mut self, this: Resource<TcpSocket>) -> SocketResult<IpSocketAddress> {
        self.socket(&this)?.remote_address().map(Into::into).map_err(failed)
    }

    fn is_listening(&mut self, _: Resource<TcpSocket>) -> wasmtime::Result<bool> {
        Ok(false)
    }

    fn address_family(&mut self, this: Resource<TcpSocket>) -> wasmtime::Result<IpAddressFamily> {
        let is_ipv6 = self.0.table().get(&socket(&this))?.is_ipv6();
        Ok(if is_ipv6 { IpAddressFamily::Ipv6 } else { IpAddressFamily::Ipv4 })
    }

    fn set_listen_backlog_size(&mut self, _: Resource<TcpSocket>, value: u64) -> SocketResult<()> {
        positive(value).map(drop)
    }

    fn keep_alive_enabled(&mut self, this: Resource<TcpSocket>) -> SocketResult<bool> {
        Ok(self.socket(&this)?.options.keep_alive)
    }

    fn set_keep_alive_enabled(&mut self, this: Resource<TcpSocket>, value: bool) -> SocketResult<()> {
        self.socket(&this)?.options.keep_alive = value;
        Ok(())
    }

    fn keep_alive_idle_time(&mut self, this: Resource<TcpSocket>) -> SocketResult<u64> {
        Ok(self.socket(&this)?.options.keep_alive_idle)
    }

    fn set_keep_alive_idle_time(&mut self, this: Resource<TcpSocket>, value: u64) -> SocketResult<()> {
        self.socket(&this)?.options.keep_alive_idle = positive(value)?;
        Ok(())
    }

    fn keep_alive_interval(&mut self, this: Resource<TcpSocket>) -> SocketResult<u64> {
        Ok(self.socket(&this)?.options.keep_alive_interval)
    }

    fn set_keep_alive_interval(&mut self, this: Resource<TcpSocket>, value: u64) -> SocketResult<()> {
        self.socket(&this)?.options.keep_alive_interval = positive(value)?;
        Ok(())
    }

    fn keep_alive_count(&mut self, this: Resource<TcpSocket>) -> SocketResult<u32> {
        Ok(self.socket(&this)?.options.keep_alive_count)
    }

    fn set_keep_alive_count(&mut self, this: Resource<TcpSocket>, value: u32) -> SocketResult<()> {
        self.socket(&this)?.options.keep_alive_count = positive(value)?;
        Ok(())
    }

    fn hop_limit(&mut self, this: Resource<TcpSocket>) -> SocketResult<u8> {
        Ok(self.socket(&this)?.options.hop_limit)
    }

    fn set_hop_limit(&mut self, this: Resource<TcpSocket>, value: u8) -> SocketResult<()> {
        self.socket(&this)?.options.hop_limit = positive(value)?;
        Ok(())
    }

    fn receive_buffer_size(&mut self, this: Resource<TcpSocket>) -> SocketResult<u64> {
        Ok(self.socket(&this)?.options.receive_buffer)
    }

    fn set_receive_buffer_size(&mut self, this: Resource<TcpSocket>, value: u64) -> SocketResult<()> {
        self.socket(&this)?.options.receive_buffer = positive(value)?;
        Ok(())
    }

    fn send_buffer_size(&mut self, this: Resource<TcpSocket>) -> SocketResult<u64> {
        Ok(self.socket(&this)?.options.send_buffer)
    }

    fn set_send_buffer_size(&mut self, this: Resource<TcpSocket>, value: u64) -> SocketResult<()> {
        self.socket(&this)?.options.send_buffer = positive(value)?;
        Ok(())
    }

    fn subscribe(&mut self, this: Resource<TcpSocket>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.0.table(), socket(&this))
    }

    fn shutdown(&mut self, this: Resource<TcpSocket>, which: ShutdownType) -> SocketResult<()> {
        let stream = self.socket(&this)?.stream().map_err(failed)?;
        if matches!(which, ShutdownType::Receive | ShutdownType::Both) {
            stream.close_input();
        }
        if matches!(which, ShutdownType::Send | ShutdownType::Both) {
            stream.close_output();
        }
        Ok(())
    }

    fn drop(&mut self, this: Resource<TcpSocket>) -> wasmtime::Result<()> {
        self.0.table().delete(Resource::<Socket>::new_own(this.rep()))?;
        Ok(())
    }
}

fn positive<T: Default + PartialEq>(value: T) -> SocketResult<T> {
    if value == T::default() { Err(ErrorCode::InvalidArgument.into()) } else { Ok(value) }
}

fn failed(error: SocketError) -> Failed {
    code(error).into()
}

fn code(error: SocketError) -> ErrorCode {
    match error {
        SocketError::Denied => ErrorCode::AccessDenied,
        SocketError::InvalidState => ErrorCode::InvalidState,
        SocketError::InvalidArgument => ErrorCode::InvalidArgument,
        SocketError::NotInProgress => ErrorCode::NotInProgress,
        SocketError::InProgress => ErrorCode::ConcurrencyConflict,
        SocketError::WouldBlock => ErrorCode::WouldBlock,
        SocketError::Timeout => ErrorCode::Timeout,
        SocketError::Unreachable => ErrorCode::RemoteUnreachable,
        SocketError::Refused => ErrorCode::ConnectionRefused,
        SocketError::Reset => ErrorCode::ConnectionReset,
        SocketError::Aborted => ErrorCode::ConnectionAborted,
        SocketError::TooMany => ErrorCode::NewSocketLimit,
    }
}

/// The error of a connection that broke after it was open.
pub(super) fn of_broken(broken: Broken) -> SocketError {
    match broken.0 {
        io::ErrorKind::ConnectionAborted => SocketError::Aborted,
        io::ErrorKind::TimedOut => SocketError::Timeout,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => SocketError::Unreachable,
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => SocketError::Reset,
        // Such as bytes that are not TLS.
        _ => SocketError::Aborted,
    }
}

fn stream_error(broken: Broken) -> StreamError {
    StreamError::LastOperationFailed(io::Error::from(broken.0).into())
}

struct SocketInput(SocketStream);

impl InputStream for SocketInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.0.read(size).map_err(stream_error)?.ok_or(StreamError::Closed)
    }
}

#[async_trait]
impl Pollable for SocketInput {
    async fn ready(&mut self) {
        std::future::poll_fn(|cx| self.0.poll_readable(cx)).await;
    }
}

struct SocketOutput {
    stream: SocketStream,
    /// The bytes that the guest may write.
    permit: usize,
}

impl OutputStream for SocketOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if bytes.len() > self.permit {
            return Err(StreamError::trap("a write is larger than the number of bytes that may be written"));
        }
        self.permit = 0;
        self.stream.write(&bytes).map_err(stream_error)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.stream.flush();
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.permit = self.stream.writable().map_err(stream_error)?.ok_or(StreamError::Closed)?;
        Ok(self.permit)
    }
}

#[async_trait]
impl Pollable for SocketOutput {
    async fn ready(&mut self) {
        std::future::poll_fn(|cx| self.stream.poll_writable(cx)).await;
    }
}
