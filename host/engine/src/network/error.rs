//! Maps the client's errors to the error codes of `wasi:http`, which have the meanings of RFC 9209, section 2.3.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};

use wasmtime_wasi_http::Error;

use super::failure::Failure;
use super::socket::SocketError;

/// The error code for a request without a response.
pub(crate) fn of_request(failure: &Failure) -> Error {
    match failure {
        Failure::Roots(_) => Error::ConfigurationError,
        Failure::Denied(_) => Error::HttpRequestDenied,
        Failure::Unresolved(_) | Failure::NoAddress => Error::DnsError { rcode: None, info_code: None },
        Failure::LookupTimeout { .. } => Error::DnsTimeout,
        Failure::NoRoom => Error::ConnectionLimitReached,
        Failure::ConnectTimeout => Error::ConnectionTimeout,
        Failure::ResponseTimeout => Error::ConnectionReadTimeout,
        Failure::Flooded => Error::HttpProtocolError,
        Failure::Connect(_) | Failure::Handshake(_) | Failure::Request(_) => {
            causes(failure).find_map(code).unwrap_or(Error::HttpProtocolError)
        }
    }
}

/// The error of a TCP connection that was not opened.
pub(crate) fn of_connect(failure: &Failure) -> SocketError {
    match failure {
        Failure::Denied(_) => SocketError::Denied,
        Failure::Unresolved(_) | Failure::NoAddress => SocketError::Unreachable,
        Failure::LookupTimeout { .. } | Failure::ConnectTimeout => SocketError::Timeout,
        Failure::NoRoom => SocketError::TooMany,
        Failure::Connect(error) => match error.kind() {
            ErrorKind::ConnectionRefused => SocketError::Refused,
            ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof => SocketError::Reset,
            ErrorKind::TimedOut => SocketError::Timeout,
            ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable => {
                SocketError::Unreachable
            }
            _ => SocketError::Aborted,
        },
        _ => SocketError::Aborted,
    }
}

/// The error code for a response whose body ended early.
pub(crate) fn of_body(error: &hyper::Error) -> Error {
    if error.is_parse() { Error::HttpProtocolError } else { Error::HttpResponseIncomplete }
}

/// The error with all its causes, for the log.
pub(crate) fn text(failure: &Failure) -> String {
    let mut texts: Vec<String> = causes(failure).map(ToString::to_string).collect();
    texts.dedup();
    texts.join(": ")
}

/// Whether the connection was lost before the response. Otherwise the server has answered, or the guest has made an
/// error.
pub(crate) fn is_broken_connection(error: &hyper::Error) -> bool {
    let lost = error.is_incomplete_message() || error.is_closed() || error.is_canceled();
    lost || causes(error).any(|cause| cause.is::<io::Error>())
}

/// Whether the server states that it has not processed the request. A `GOAWAY` is an error only for the streams above
/// the last one that it names.
pub(crate) fn is_unprocessed(error: &hyper::Error) -> bool {
    let Some(error) = causes(error).find_map(|cause| cause.downcast_ref::<h2::Error>()) else { return false };
    let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    error.is_remote() && (refused || error.is_go_away())
}

fn code(cause: &(dyn StdError + 'static)) -> Option<Error> {
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return Some(of_tls(error));
    }
    if let Some(error) = cause.downcast_ref::<Error>() {
        return Some(of_guest_body(error));
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return of_io(error);
    }
    if let Some(error) = cause.downcast_ref::<h2::Error>() {
        return error.is_go_away().then_some(Error::ConnectionTerminated);
    }
    let error = cause.downcast_ref::<hyper::Error>()?;
    if error.is_parse_too_large() {
        return Some(Error::HttpResponseHeaderSectionSize(None));
    }
    let broken = error.is_incomplete_message() || error.is_closed() || error.is_canceled();
    broken.then_some(Error::ConnectionTerminated)
}

fn of_tls(error: &rustls::Error) -> Error {
    match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => Error::TlsCertificateError,
        rustls::Error::AlertReceived(alert) => {
            Error::TlsAlertReceived { alert_id: Some((*alert).into()), alert_message: Some(format!("{alert:?}")) }
        }
        _ => Error::TlsProtocolError,
    }
}

fn of_guest_body(error: &Error) -> Error {
    match error {
        Error::HttpRequestBodySize(size) => Error::HttpRequestBodySize(*size),
        error => Error::InternalError(Some(error.to_string())),
    }
}

/// The error code of an I/O error, or `None` if it only wraps another error.
fn of_io(error: &io::Error) -> Option<Error> {
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => Error::ConnectionRefused,
        ErrorKind::TimedOut => Error::ConnectionTimeout,
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => Error::DestinationIpUnroutable,
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected
        | ErrorKind::UnexpectedEof => Error::ConnectionTerminated,
        _ if error.get_ref().is_some() => return None,
        _ => Error::DestinationUnavailable,
    })
}

/// Iterates over the error and its causes. `io::Error` skips the error that it wraps, and `h2::Error` does not report
/// its own.
fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        if let Some(wrapped) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            return Some(wrapped as &(dyn StdError + 'static));
        }
        if let Some(lost) = error.downcast_ref::<h2::Error>().and_then(h2::Error::get_io) {
            return Some(lost);
        }
        error.source()
    })
}
