//! A client for requests of the host itself, apart from those of handlers: other connections, and other servers.

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use wasmtime_wasi_http::{RequestOptions, WasiBody};

use super::Network;
use super::client::{Client, LeasedResponse};
use super::connection::FLOODED;
use super::origin::Origin;
use super::{error, failure::Failure};

/// The most connections. The host asks few servers, and rarely.
const MAX_CONNECTIONS: usize = 8;

/// A client for the host's own requests, which reaches only what [`Network::allow`] names.
pub struct HostClient(Client);

/// The reason why a request of the host has no response. The text is for operators.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostRequestError {
    /// The URI is not one of HTTP.
    #[error("the address is not one of HTTP")]
    Uri,
    /// No connection, or no complete response.
    #[error("{0}")]
    Failed(String),
    /// The response is larger than the caller allows.
    #[error("the response has more than {0} bytes")]
    TooLarge(usize),
}

impl HostClient {
    /// A client without a connection. It reads the root certificates with the first request over HTTPS.
    #[must_use]
    pub fn new(network: &Network) -> Self {
        Self(Client::with_connections(network, MAX_CONNECTIONS, MAX_CONNECTIONS))
    }

    /// Sends a request, and reads its whole response of at most `most` bytes. Only connecting has a time limit, of ten
    /// seconds; dropping the future ends the request.
    ///
    /// # Errors
    /// The server is not allowed, cannot be reached, or does not give a response of this size.
    pub async fn send(&self, request: Request<Bytes>, most: usize) -> Result<Response<Bytes>, HostRequestError> {
        let origin = Origin::of(request.uri()).ok_or(HostRequestError::Uri)?;
        self.0.check(&origin).map_err(|denial| failed(&Failure::Denied(denial)))?;
        let answer = self.0.send(whole(request), &origin, RequestOptions::default()).await;
        let LeasedResponse { response, lease, .. } = answer.map_err(|failure| failed(&failure))?;
        let (parts, mut body) = response.into_parts();
        let mut read = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| match lease.state().is_flooded() {
                true => HostRequestError::Failed(FLOODED.to_owned()),
                false => failed(&Failure::Request(error)),
            })?;
            let Some(piece) = frame.data_ref() else { continue };
            lease.delivered(piece.len());
            if piece.len() > most - read.len() {
                return Err(HostRequestError::TooLarge(most));
            }
            read.extend_from_slice(piece);
        }
        Ok(Response::from_parts(parts, read.freeze()))
    }

    /// Drops the open connections.
    pub fn forget_connections(&self) {
        self.0.forget();
    }
}

/// The request with its length, so that it is not sent in chunks.
fn whole(request: Request<Bytes>) -> Request<WasiBody> {
    let length = HeaderValue::from(request.body().len());
    let mut request = request.map(|body| Full::new(body).map_err(|never| match never {}).boxed_unsync());
    request.headers_mut().insert(CONTENT_LENGTH, length);
    request
}

fn failed(failure: &Failure) -> HostRequestError {
    HostRequestError::Failed(error::text(failure))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::super::Allow;
    use super::*;

    /// A server that reads one request and gives this answer, and its address. It returns the request.
    fn server(answer: &'static str) -> (String, thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let served = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut read = [0; 4096];
            let mut request = String::new();
            while !request.ends_with("\r\n\r\n{}") {
                let count = stream.read(&mut read).unwrap();
                request.push_str(std::str::from_utf8(&read[..count]).unwrap());
            }
            stream.write_all(answer.as_bytes()).unwrap();
            request
        });
        (address, served)
    }

    fn client(allowed: &str) -> HostClient {
        HostClient::new(&Network { allow: Allow::parse([allowed]).unwrap(), ..Network::default() })
    }

    fn post(address: &str) -> Request<Bytes> {
        Request::post(format!("http://{address}/a?b")).body(Bytes::from_static(b"{}")).unwrap()
    }

    #[tokio::test]
    async fn a_request_has_its_length_and_its_response_is_whole() {
        let (address, served) = server("HTTP/1.1 400 Bad Request\r\ncontent-length: 5\r\n\r\nhello");
        let response = client(&format!("http://{address}")).send(post(&address), 5).await.unwrap();
        assert_eq!((response.status().as_u16(), &response.body()[..]), (400, &b"hello"[..]));
        let request = served.join().unwrap();
        assert!(request.starts_with("POST /a?b HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("content-length: 2\r\n") && request.contains(&format!("host: {address}\r\n")));
    }

    #[tokio::test]
    async fn a_response_that_is_too_large_or_breaks_off_is_an_error() {
        let (address, _) = server("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
        let refused = client(&format!("http://{address}")).send(post(&address), 4).await.unwrap_err();
        assert_eq!(refused, HostRequestError::TooLarge(4));
        let (address, _) = server("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello");
        let broken = client(&format!("http://{address}")).send(post(&address), 64).await.unwrap_err();
        assert!(matches!(broken, HostRequestError::Failed(_)), "{broken}");
    }

    #[tokio::test]
    async fn another_server_is_not_reached() {
        let denied = client("http://127.0.0.1:1").send(post("127.0.0.1:2"), 4).await.unwrap_err();
        assert!(denied.to_string().contains("no entry of the list allows it"), "{denied}");
    }
}
