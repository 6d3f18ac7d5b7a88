//! From the client's errors to the error codes of `wasi:http`, whose meanings are those of RFC 9209, section 2.3.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};

use hyper_util::client::legacy;
use wasmtime_wasi_http::Error;

use super::dial::DialError;
use super::gate::Denial;

/// The code for a request that got no response.
pub(crate) fn of_request(error: &legacy::Error) -> Error {
    causes(error).find_map(code).unwrap_or(Error::HttpProtocolError)
}

/// The code for a response whose body broke off.
pub(crate) fn of_body(error: &hyper::Error) -> Error {
    if error.is_parse() { Error::HttpProtocolError } else { Error::HttpResponseIncomplete }
}

/// Why a connection was denied, if that is what happened.
pub(crate) fn denial(error: &legacy::Error) -> Option<&Denial> {
    causes(error).find_map(|cause| match cause.downcast_ref() {
        Some(DialError::Denied(denial)) => Some(denial),
        _ => None,
    })
}

/// The error and all its causes, for a log.
pub(crate) fn text(error: &legacy::Error) -> String {
    let mut texts: Vec<String> = causes(error).skip(1).map(ToString::to_string).collect();
    texts.dedup();
    texts.join(": ")
}

/// Whether the connection went away before there was a response; else the server has spoken, or the guest has erred.
pub(crate) fn is_broken_connection(error: &legacy::Error) -> bool {
    let hyper = causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>());
    hyper.is_some_and(|error| !error.is_parse() && !error.is_user() && !error.is_timeout())
}

fn code(cause: &(dyn StdError + 'static)) -> Option<Error> {
    if let Some(error) = cause.downcast_ref::<DialError>() {
        return of_dial(error);
    }
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return Some(of_tls(error));
    }
    if let Some(error) = cause.downcast_ref::<Error>() {
        return Some(of_guest_body(error));
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return of_io(error);
    }
    let error = cause.downcast_ref::<hyper::Error>()?;
    if error.is_parse_too_large() {
        return Some(Error::HttpResponseHeaderSectionSize(None));
    }
    let broken = error.is_incomplete_message() || error.is_closed() || error.is_canceled();
    broken.then_some(Error::ConnectionTerminated)
}

fn of_dial(error: &DialError) -> Option<Error> {
    match error {
        DialError::Uri => Some(Error::HttpRequestUriInvalid),
        DialError::Denied(_) => Some(Error::HttpRequestDenied),
        DialError::Unresolved(_) | DialError::NoAddress => Some(Error::DnsError { rcode: None, info_code: None }),
        DialError::TooMany => Some(Error::ConnectionLimitReached),
        // Its cause says more.
        DialError::Connect(_) => None,
    }
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

/// Nothing for an error that only wraps another one.
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

/// The error, and what is behind it. `io::Error` passes over what it wraps.
fn causes<'e>(error: &'e legacy::Error) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    let first: &'e (dyn StdError + 'static) = error;
    std::iter::successors(Some(first), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    })
}
