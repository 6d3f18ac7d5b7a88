//! `wasi:sockets` 0.3.

use std::future::poll_fn;
use std::iter;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::oneshot;
use wasmtime::StoreContextMut;
use wasmtime::component::{
    Access, Accessor, Destination, FutureReader, Linker, Resource, Source, StreamConsumer, StreamProducer,
    StreamReader, StreamResult,
};
use wasmtime_wasi::p3::bindings::sockets::ip_name_lookup::{self, ErrorCode as LookupCode};
use wasmtime_wasi::p3::bindings::sockets::types::{
    self, Duration, ErrorCode, HostTcpSocket, HostTcpSocketWithStore, HostUdpSocket, HostUdpSocketWithStore, IpAddress,
    IpAddressFamily, IpSocketAddress, TcpSocket, UdpSocket,
};
use wasmtime_wasi::p3::sockets::{SocketError as Failed, SocketResult};

use super::p2::of_broken;
use super::{TcpSockets, View, view};
use crate::network::{Broken, Lookup, Socket, SocketError, SocketStream};
use crate::state::State;
use crate::weigh::SOCKET;

/// The most bytes that are given to the guest at once, unless it asks for a number.
const PIECE: usize = 16 << 10;

pub(super) fn ip_name_lookup(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    ip_name_lookup::add_to_linker::<_, TcpSockets>(linker, view)
}

pub(super) fn types(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    types::add_to_linker::<_, TcpSockets>(linker, view)
}

impl ip_name_lookup::Host for View<'_> {}

impl ip_name_lookup::HostWithStore<State> for TcpSockets {
    async fn resolve_addresses(
        store: &Accessor<State, Self>,
        name: String,
    ) -> wasmtime::Result<Result<Vec<IpAddress>, LookupCode>> {
        let found = store.with(|mut access| access.get().0.sockets.look_up(&name));
        Ok(found.map(|address| vec![address.into()]).map_err(|error| match error {
            Lookup::Denied => LookupCode::AccessDenied,
            Lookup::Invalid => LookupCode::InvalidArgument,
            Lookup::TooMany => LookupCode::PermanentResolverFailure,
        }))
    }
}

impl types::Host for View<'_> {
    fn convert_error_code(&mut self, error: Failed) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }
}

impl View<'_> {
    fn tcp(&mut self, this: &Resource<TcpSocket>) -> SocketResult<&mut Socket> {
        self.0.table().get_mut(&socket(this)).map_err(Failed::trap)
    }
}

fn socket(this: &Resource<TcpSocket>) -> Resource<Socket> {
    Resource::new_borrow(this.rep())
}

/// How a transfer in one direction ends.
type Ended = oneshot::Sender<Result<(), ErrorCode>>;

/// Gives the server's bytes to the guest.
struct Incoming {
    stream: SocketStream,
    ended: Option<Ended>,
}

impl Incoming {
    fn end(&mut self, result: Result<(), Broken>) -> Poll<wasmtime::Result<StreamResult>> {
        // Nobody may wait for the result.
        let _ = self.ended.take().map(|ended| ended.send(result.map_err(|broken| code(of_broken(broken)))));
        Poll::Ready(Ok(StreamResult::Dropped))
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let _ = self.ended.take().map(|ended| ended.send(Ok(())));
    }
}

impl StreamProducer<State> for Incoming {
    type Item = u8;
    type Buffer = Bytes;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, State>,
        mut to: Destination<'a, Self::Item, Self::Buffer>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        if self.stream.poll_readable(cx).is_pending() {
            return if finish { Poll::Ready(Ok(StreamResult::Cancelled)) } else { Poll::Pending };
        }
        let most = to.remaining(&mut store).unwrap_or(PIECE);
        if most == 0 {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        match self.stream.read(most) {
            Ok(Some(bytes)) => {
                to.set_buffer(bytes);
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Ok(None) => self.end(Ok(())),
            Err(broken) => self.end(Err(broken)),
        }
    }
}

/// Sends the guest's bytes to the server.
struct Outgoing {
    stream: SocketStream,
    ended: Option<Ended>,
}

impl Drop for Outgoing {
    /// The guest has ended its bytes, which are sent to the end.
    fn drop(&mut self) {
        self.stream.close_output();
        let _ = self.ended.take().map(|ended| ended.send(Ok(())));
    }
}

impl StreamConsumer<State> for Outgoing {
    type Item = u8;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<'_, State>,
        from: Source<'_, Self::Item>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        if self.stream.poll_writable(cx).is_pending() {
            return if finish { Poll::Ready(Ok(StreamResult::Cancelled)) } else { Poll::Pending };
        }
        let mut from = from.as_direct(store);
        let written = self.stream.writable().and_then(|room| {
            let most = room.map(|room| room.min(from.remaining().len()));
            if let Some(most) = most {
                self.stream.write(&from.remaining()[..most])?;
            }
            Ok(most)
        });
        let result = match written {
            Ok(Some(written)) => {
                from.mark_read(written);
                return Poll::Ready(Ok(StreamResult::Completed));
            }
            Ok(None) => Ok(()),
            Err(broken) => Err(code(of_broken(broken))),
        };
        let _ = self.ended.take().map(|ended| ended.send(result));
        Poll::Ready(Ok(StreamResult::Dropped))
    }
}

impl HostTcpSocketWithStore<State> for TcpSockets {
    async fn connect(
        store: &Accessor<State, Self>,
        this: Resource<TcpSocket>,
        address: IpSocketAddress,
    ) -> SocketResult<()> {
        store.with(|mut access| {
            let (table, sockets) = access.get().0.table_and_sockets();
            let socket = table.get_mut(&socket(&this)).map_err(Failed::trap)?;
            socket.start_connect(SocketAddr::from(address), sockets).map_err(failed)
        })?;
        poll_fn(|cx| {
            store.with(|mut access| -> Poll<SocketResult<()>> {
                let mut view = access.get();
                let socket = view.tcp(&this)?;
                socket.poll_connected(cx).map(|()| socket.finish_connect().map(drop).map_err(failed))
            })
        })
        .await
    }

    async fn listen(
        mut store: Access<'_, State, Self>,
        _: Resource<TcpSocket>,
    ) -> SocketResult<StreamReader<Resource<TcpSocket>>> {
        store.get().0.sockets.cannot_listen();
        Err(ErrorCode::AccessDenied.into())
    }

    fn send(
        mut store: Access<'_, State, Self>,
        this: Resource<TcpSocket>,
        mut data: StreamReader<u8>,
    ) -> wasmtime::Result<FutureReader<Result<(), ErrorCode>>> {
        match store.get().tcp(&this)?.take_output() {
            Ok(stream) => {
                let (ended, end) = oneshot::channel();
                data.pipe(&mut store, Outgoing { stream, ended: Some(ended) })?;
                FutureReader::new(&mut store, end)
            }
            Err(error) => {
                data.close(&mut store)?;
                FutureReader::new(&mut store, async move { wasmtime::error::Ok(Err(code(error))) })
            }
        }
    }

    fn receive(
        mut store: Access<'_, State, Self>,
        this: Resource<TcpSocket>,
    ) -> wasmtime::Result<(StreamReader<u8>, FutureReader<Result<(), ErrorCode>>)> {
        match store.get().tcp(&this)?.take_input() {
            Ok(stream) => {
                let (ended, end) = oneshot::channel();
                let bytes = StreamReader::new(&mut store, Incoming { stream, ended: Some(ended) })?;
                Ok((bytes, FutureReader::new(&mut store, end)?))
            }
            Err(error) => Ok((
                StreamReader::new(&mut store, iter::empty())?,
                FutureReader::new(&mut store, async move { wasmtime::error::Ok(Err(code(error))) })?,
            )),
        }
    }
}

impl HostTcpSocket for View<'_> {
    fn create(&mut self, family: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        let permit = self.0.sockets.permit().map_err(failed)?;
        if !self.0.hold(SOCKET) {
            return Err(ErrorCode::OutOfMemory.into());
        }
        let socket = Socket::new(matches!(family, IpAddressFamily::Ipv6), permit);
        let socket = self.0.table().push(socket).map_err(Failed::trap)?;
        Ok(Resource::new_own(socket.rep()))
    }

    async fn bind(&mut self, this: Resource<TcpSocket>, address: IpSocketAddress) -> SocketResult<()> {
        let (table, sockets) = self.0.table_and_sockets();
        let socket = table.get_mut(&socket(&this)).map_err(Failed::trap)?;
        socket.bind(address.into(), sockets).map_err(failed)
    }

    fn get_local_address(&mut self, this: Resource<TcpSocket>) -> SocketResult<IpSocketAddress> {
        self.tcp(&this)?.local_address().map(Into::into).map_err(failed)
    }

    fn get_remote_address(&mut self, this: Resource<TcpSocket>) -> SocketResult<IpSocketAddress> {
        self.tcp(&this)?.remote_address().map(Into::into).map_err(failed)
    }

    fn get_is_listening(&mut self, _: Resource<TcpSocket>) -> wasmtime::Result<bool> {
        Ok(false)
    }

    fn get_address_family(&mut self, this: Resource<TcpSocket>) -> wasmtime::Result<IpAddressFamily> {
        let is_ipv6 = self.0.table().get(&socket(&this))?.is_ipv6();
        Ok(if is_ipv6 { IpAddressFamily::Ipv6 } else { IpAddressFamily::Ipv4 })
    }

    fn set_listen_backlog_size(&mut self, _: Resource<TcpSocket>, value: u64) -> SocketResult<()> {
        positive(value).map(drop)
    }

    fn get_keep_alive_enabled(&mut self, this: Resource<TcpSocket>) -> SocketResult<bool> {
        Ok(self.tcp(&this)?.options.keep_alive)
    }

    fn set_keep_alive_enabled(&mut self, this: Resource<TcpSocket>, value: bool) -> SocketResult<()> {
        self.tcp(&this)?.options.keep_alive = value;
        Ok(())
    }

    fn get_keep_alive_idle_time(&mut self, this: Resource<TcpSocket>) -> SocketResult<Duration> {
        Ok(self.tcp(&this)?.options.keep_alive_idle)
    }

    fn set_keep_alive_idle_time(&mut self, this: Resource<TcpSocket>, value: Duration) -> SocketResult<()> {
        self.tcp(&this)?.options.keep_alive_idle = positive(value)?;
        Ok(())
    }

    fn get_keep_alive_interval(&mut self, this: Resource<TcpSocket>) -> SocketResult<Duration> {
        Ok(self.tcp(&this)?.options.keep_alive_interval)
    }

    fn set_keep_alive_interval(&mut self, this: Resource<TcpSocket>, value: Duration) -> SocketResult<()> {
        self.tcp(&this)?.options.keep_alive_interval = positive(value)?;
        Ok(())
    }

    fn get_keep_alive_count(&mut self, this: Resource<TcpSocket>) -> SocketResult<u32> {
        Ok(self.tcp(&this)?.options.keep_alive_count)
    }

    fn set_keep_alive_count(&mut self, this: Resource<TcpSocket>, value: u32) -> SocketResult<()> {
        self.tcp(&this)?.options.keep_alive_count = positive(value)?;
        Ok(())
    }

    fn get_hop_limit(&mut self, this: Resource<TcpSocket>) -> SocketResult<u8> {
        Ok(self.tcp(&this)?.options.hop_limit)
    }

    fn set_hop_limit(&mut self, this: Resource<TcpSocket>, value: u8) -> SocketResult<()> {
        self.tcp(&this)?.options.hop_limit = positive(value)?;
        Ok(())
    }

    fn get_receive_buffer_size(&mut self, this: Resource<TcpSocket>) -> SocketResult<u64> {
        Ok(self.tcp(&this)?.options.receive_buffer)
    }

    fn set_receive_buffer_size(&mut self, this: Resource<TcpSocket>, value: u64) -> SocketResult<()> {
        self.tcp(&this)?.options.receive_buffer = positive(value)?;
        Ok(())
    }

    fn get_send_buffer_size(&mut self, this: Resource<TcpSocket>) -> SocketResult<u64> {
        Ok(self.tcp(&this)?.options.send_buffer)
    }

    fn set_send_buffer_size(&mut self, this: Resource<TcpSocket>, value: u64) -> SocketResult<()> {
        self.tcp(&this)?.options.send_buffer = positive(value)?;
        Ok(())
    }

    fn drop(&mut self, this: Resource<TcpSocket>) -> wasmtime::Result<()> {
        self.0.table().delete(Resource::<Socket>::new_own(this.rep()))?;
        Ok(())
    }
}

/// UDP is refused. No guest can have such a socket, so the other functions are never called.
impl HostUdpSocketWithStore<State> for TcpSockets {
    async fn send(
        _: &Accessor<State, Self>,
        _: Resource<UdpSocket>,
        _: Vec<u8>,
        _: Option<IpSocketAddress>,
    ) -> SocketResult<()> {
        Err(ErrorCode::AccessDenied.into())
    }

    async fn receive(_: &Accessor<State, Self>, _: Resource<UdpSocket>) -> SocketResult<(Vec<u8>, IpSocketAddress)> {
        Err(ErrorCode::AccessDenied.into())
    }
}

impl HostUdpSocket for View<'_> {
    async fn create(&mut self, _: IpAddressFamily) -> SocketResult<Resource<UdpSocket>> {
        self.0.sockets.has_no_udp();
        Err(ErrorCode::AccessDenied.into())
    }

    async fn bind(&mut self, _: Resource<UdpSocket>, _: IpSocketAddress) -> SocketResult<()> {
        Err(ErrorCode::AccessDenied.into())
    }

    async fn connect(&mut self, _: Resource<UdpSocket>, _: IpSocketAddress) -> SocketResult<()> {
        Err(ErrorCode::AccessDenied.into())
    }

    fn disconnect(&mut self, _: Resource<UdpSocket>) -> SocketResult<()> {
        Err(ErrorCode::AccessDenied.into())
    }

    fn get_local_address(&mut self, _: Resource<UdpSocket>) -> SocketResult<IpSocketAddress> {
        Err(ErrorCode::AccessDenied.into())
    }

    fn get_remote_address(&mut self, _: Resource<UdpSocket>) -> SocketResult<IpSocketAddress> {
        Err(ErrorCode::AccessDenied.into())
    }

    fn get_address_family(&mut self, _: Resource<UdpSocket>) -> wasmtime::Result<IpAddressFamily> {
        Ok(IpAddressFamily::Ipv4)
    }

    fn get_unicast_hop_limit(&mut self, _: Resource<UdpSocket>) -> SocketResult<u8> {
        Err(ErrorCode::AccessDenied.into())
    }

    fn set_unicast_hop_limit(&mut self, _: Resource<UdpSocket>, _: u8) -> SocketResult<()> {
        Err(ErrorCode::AccessDenied.into())
    }

    fn get_receive_buffer_size(&mut self, _: Resource<UdpSocket>) -> SocketResult<u64> {
        Err(ErrorCode::AccessDenied.into())
    }

    fn set_receive_buffer_size(&mut self, _: Resource<UdpSocket>, _: u64) -> SocketResult<()> {
        Err(ErrorCode::AccessDenied.into())
    }

    fn get_send_buffer_size(&mut self, _: Resource<UdpSocket>) -> SocketResult<u64> {
        Err(ErrorCode::AccessDenied.into())
    }

    fn set_send_buffer_size(&mut self, _: Resource<UdpSocket>, _: u64) -> SocketResult<()> {
        Err(ErrorCode::AccessDenied.into())
    }

    fn drop(&mut self, _: Resource<UdpSocket>) -> wasmtime::Result<()> {
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
        SocketError::InvalidState | SocketError::NotInProgress | SocketError::InProgress | SocketError::WouldBlock => {
            ErrorCode::InvalidState
        }
        SocketError::InvalidArgument => ErrorCode::InvalidArgument,
        SocketError::Timeout => ErrorCode::Timeout,
        SocketError::Unreachable => ErrorCode::RemoteUnreachable,
        SocketError::Refused => ErrorCode::ConnectionRefused,
        SocketError::Reset => ErrorCode::ConnectionReset,
        SocketError::Aborted => ErrorCode::ConnectionAborted,
        SocketError::TooMany => ErrorCode::Other(Some("too many sockets".to_owned())),
    }
}
