//! TCP connections, for clients of databases.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::ip_name_lookup::resolve_addresses;
use wasip2::sockets::network::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
};
use wasip2::sockets::tcp::{ShutdownType, TcpSocket};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

use crate::reactor::Ready;

/// The most bytes that are read at once.
const MAX_READ: usize = 64 << 10;

/// An open TCP connection. It is closed when it is dropped.
///
/// Where the entry of `network.allow` begins with `tls://` or `postgres://`, the host makes TLS, and the program speaks
/// as on a plain connection. Natively this is tokio's own type.
// The order matters: what waits for a stream must be dropped before it, and the streams before the socket.
pub struct TcpStream {
    readable: Option<Ready>,
    writable: Option<Ready>,
    input: InputStream,
    output: OutputStream,
    socket: TcpSocket,
}

/// Opens a TCP connection to `HOST:PORT`, which the host must allow.
///
/// # Errors
/// [`ErrorKind::PermissionDenied`] if no entry of `network.allow` is for it; otherwise why it cannot be opened. The log of
/// the host has the details.
pub async fn connect(address: &str) -> io::Result<TcpStream> {
    let (host, port) = address.rsplit_once(':').ok_or_else(|| invalid(address))?;
    let port = port.parse().map_err(|_| invalid(address))?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let network = instance_network();
    let found = resolve_addresses(&network, host).map_err(error)?;
    let resolved = loop {
        match found.resolve_next_address() {
            Err(ErrorCode::WouldBlock) => Ready::new(found.subscribe()).await,
            resolved => break resolved.map_err(error)?,
        }
    };
    let (family, to) = match resolved.ok_or_else(|| io::Error::new(ErrorKind::NotFound, "the name has no address"))? {
        IpAddress::Ipv4(address) => (IpAddressFamily::Ipv4, IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address })),
        IpAddress::Ipv6(address) => {
            let address = Ipv6SocketAddress { port, flow_info: 0, address, scope_id: 0 };
            (IpAddressFamily::Ipv6, IpSocketAddress::Ipv6(address))
        }
    };
    let socket = create_tcp_socket(family).map_err(error)?;
    socket.start_connect(&network, to).map_err(error)?;
    let (input, output) = loop {
        match socket.finish_connect() {
            Err(ErrorCode::WouldBlock) => Ready::new(socket.subscribe()).await,
            streams => break streams.map_err(error)?,
        }
    };
    Ok(TcpStream { readable: None, writable: None, input, output, socket })
}

fn invalid(address: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, format!("{address:?} is not HOST:PORT"))
}

fn error(code: ErrorCode) -> io::Error {
    let kind = match code {
        ErrorCode::AccessDenied => ErrorKind::PermissionDenied,
        ErrorCode::InvalidArgument => ErrorKind::InvalidInput,
        ErrorCode::OutOfMemory => ErrorKind::OutOfMemory,
        ErrorCode::Timeout => ErrorKind::TimedOut,
        ErrorCode::RemoteUnreachable => ErrorKind::HostUnreachable,
        ErrorCode::ConnectionRefused => ErrorKind::ConnectionRefused,
        ErrorCode::ConnectionReset => ErrorKind::ConnectionReset,
        ErrorCode::ConnectionAborted => ErrorKind::ConnectionAborted,
        ErrorCode::NameUnresolvable => ErrorKind::NotFound,
        _ => ErrorKind::Other,
    };
    io::Error::new(kind, code.message())
}

/// The error of a stream. `None` is its end.
fn stream_error(error: StreamError) -> Option<io::Error> {
    match error {
        StreamError::Closed => None,
        StreamError::LastOperationFailed(error) => {
            Some(io::Error::new(ErrorKind::ConnectionReset, error.to_debug_string()))
        }
    }
}

impl AsyncRead for TcpStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if let Some(readable) = &mut this.readable {
                ready!(Pin::new(readable).poll(context));
                this.readable = None;
            }
            let most = buffer.remaining().min(MAX_READ);
            match this.input.read(most as u64) {
                Ok(bytes) if bytes.is_empty() && most > 0 => {
                    this.readable = Some(Ready::new(this.input.subscribe()));
                }
                Ok(bytes) => {
                    buffer.put_slice(&bytes);
                    return Poll::Ready(Ok(()));
                }
                Err(error) => return Poll::Ready(stream_error(error).map_or(Ok(()), Err)),
            }
        }
    }
}

impl AsyncWrite for TcpStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let failed = |error| stream_error(error).unwrap_or_else(|| ErrorKind::BrokenPipe.into());
        loop {
            if let Some(writable) = &mut this.writable {
                ready!(Pin::new(writable).poll(context));
                this.writable = None;
            }
            match this.output.check_write().map_err(failed)? {
                0 => this.writable = Some(Ready::new(this.output.subscribe())),
                room => {
                    let most = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
                    this.output.write(&bytes[..most]).map_err(failed)?;
                    return Poll::Ready(Ok(most));
                }
            }
        }
    }

    /// The host sends what is written without being asked.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.socket.shutdown(ShutdownType::Send).map_err(error))
    }
}
