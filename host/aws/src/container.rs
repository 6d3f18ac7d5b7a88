//! Credentials from an endpoint on the same machine, which Lambda gives to functions with snapshots.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::clock::timestamp;
use crate::credentials::Credentials;

/// The variable with the address of the endpoint.
const FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
/// The time for one answer. The endpoint is on the same machine.
const TIME: Duration = Duration::from_secs(2);
/// How often the endpoint is asked if it does not answer, or answers that it has failed.
const TRIES: usize = 2;
/// The largest answer. A session token has one to two KiB.
const MAX_ANSWER: usize = 64 * 1024;

/// An endpoint for credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    server: SocketAddr,
    host: HeaderValue,
    path: PathAndQuery,
    authorization: Option<Authorization>,
}

/// What the endpoint gets as `authorization`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// The value itself.
    Token(Token),
    /// A file with the value, which changes.
    File(PathBuf),
}

/// A value that is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The reason why an endpoint cannot be used, or gave no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContainerError {
    /// The address is none that the host may ask.
    #[error(
        "{FULL_URI} is no http:// address of this machine (loopback or link-local): set it as Lambda does, or remove it"
    )]
    Address,
    /// The file with the authorization cannot be read.
    #[error(
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names a file that cannot be read ({0}): check its path and its rights"
    )]
    File(std::io::ErrorKind),
    /// The authorization cannot be in a header.
    #[error("the authorization for {FULL_URI} has characters that no header may have: set it again")]
    Token,
    /// There was no answer in time.
    #[error("{FULL_URI} did not answer within {} s", TIME.as_secs())]
    Silent,
    /// There is no connection, or it broke.
    #[error("{FULL_URI} cannot be reached: {0}")]
    Unreachable(Arc<str>),
    /// The answer has another status than 200.
    #[error("{FULL_URI} answered {status}{}", advice(*.status))]
    Status {
        /// The status.
        status: StatusCode,
    },
    /// The answer is not as it is documented.
    #[error("{FULL_URI} answered something else than AccessKeyId, SecretAccessKey, Token and Expiration in JSON")]
    Content,
}

fn advice(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ": check AWS_CONTAINER_AUTHORIZATION_TOKEN",
        StatusCode::NOT_FOUND => ": check its path, and that the function has a role",
        _ => "",
    }
}

/// The documented answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: Option<String>,
}

impl Container {
    /// The endpoint at this address.
    ///
    /// # Errors
    /// The address is not `http://` with a loopback or link-local address: the credentials would cross a network in
    /// plain text.
    pub fn new(uri: &str, authorization: Option<Authorization>) -> Result<Self, ContainerError> {
        let uri: Uri = uri.trim().parse().map_err(|_| ContainerError::Address)?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'));
        let authority = authority.filter(|_| uri.scheme() == Some(&Scheme::HTTP)).ok_or(ContainerError::Address)?;
        let address = local_address(authority.host()).ok_or(ContainerError::Address)?;
        Ok(Self {
            server: SocketAddr::new(address, authority.port_u16().unwrap_or(80)),
            host: HeaderValue::try_from(authority.as_str()).map_err(|_| ContainerError::Address)?,
            path: uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/")),
            authorization,
        })
    }

    /// The address that the host connects to.
    #[must_use]
    pub fn server(&self) -> SocketAddr {
        self.server
    }

    /// Fetches the credentials that are valid now.
    ///
    /// # Errors
    /// There are none, after some tries.
    pub(crate) async fn fetch(&self) -> Result<Credentials, ContainerError> {
        let mut tries = 1;
        loop {
            match timeout(TIME, self.ask()).await.unwrap_or(Err(ContainerError::Silent)) {
                Err(error) if error.may_pass() && tries < TRIES => tries += 1,
                fetched => return fetched,
            }
        }
    }

    async fn ask(&self) -> Result<Credentials, ContainerError> {
        let request = self.request()?;
        let stream = TcpStream::connect(self.server).await.map_err(|error| unreachable(&error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| unreachable(&error))?;
        let exchange = async {
            let response = sender.send_request(request).await.map_err(|error| unreachable(&error))?;
            if response.status() != StatusCode::OK {
                return Err(ContainerError::Status { status: response.status() });
            }
            let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
            Answer::read(&body.map_err(|_| ContainerError::Content)?.to_bytes())
        };
        let (mut exchange, connection) = (std::pin::pin!(exchange), std::pin::pin!(connection));
        tokio::select! {
            answer = &mut exchange => answer,
            // What the connection has read before its end is still to be taken.
            _ = connection => exchange.await,
        }
    }

    fn request(&self) -> Result<Request<Empty<Bytes>>, ContainerError> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = Uri::from(self.path.clone());
        let headers = request.headers_mut();
        headers.insert(header::HOST, self.host.clone());
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let token = match &self.authorization {
            None => return Ok(request),
            Some(Authorization::Token(Token(token))) => HeaderValue::try_from(token.trim()),
            Some(Authorization::File(file)) => {
                let token = std::fs::read_to_string(file).map_err(|error| ContainerError::File(error.kind()))?;
                HeaderValue::try_from(token.trim())
            }
        };
        let mut token = token.map_err(|_| ContainerError::Token)?;
        token.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, token);
        Ok(request)
    }
}

impl ContainerError {
    /// Whether another try may succeed.
    fn may_pass(&self) -> bool {
        match self {
            Self::Silent | Self::Unreachable(_) => true,
            Self::Status { status } => status.is_server_error(),
            _ => false,
        }
    }
}

fn unreachable(error: &dyn std::error::Error) -> ContainerError {
    ContainerError::Unreachable(error.to_string().into())
}

/// The address of a host on this machine or its link: `localhost`, loopback, link-local, and that of Amazon EKS.
fn local_address(host: &str) -> Option<IpAddr> {
    if host.eq_ignore_ascii_case("localhost") {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    let address: IpAddr = host.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    let is_local = match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    };
    is_local.then_some(address)
}

impl Answer {
    /// Reads credentials. No part of the answer is in the error, as it may be a key.
    fn read(json: &[u8]) -> Result<Credentials, ContainerError> {
        let answer: Self = serde_json::from_slice(json).map_err(|_| ContainerError::Content)?;
        let expires = answer.expiration.as_deref().map(|time| timestamp(time).ok_or(ContainerError::Content));
        let expires = expires.transpose()?;
        if answer.access_key_id.is_empty() || answer.secret_access_key.is_empty() {
            return Err(ContainerError::Content);
        }
        Ok(Credentials::new(answer.access_key_id, answer.secret_access_key, answer.token, expires))
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_asked() {
        for (uri, server) in [
            ("http://localhost:9001/2021-05-01/credentials", Some("127.0.0.1:9001")),
            ("http://127.0.0.1/v2/creds?x=1", Some("127.0.0.1:80")),
            ("http://169.254.170.23/v1/credentials", Some("169.254.170.23:80")),
            ("http://[fd00:ec2::23]/v1/credentials", Some("[fd00:ec2::23]:80")),
            ("http://[::1]:8080", Some("[::1]:8080")),
            ("https://127.0.0.1/creds", None),
            ("http://10.0.0.5/creds", None),
            ("http://example.com/creds", None),
            ("http://localhost.example.com/creds", None),
            ("http://127.0.0.1@example.com/creds", None),
            ("http://user@127.0.0.1/creds", None),
            ("/v2/creds", None),
            ("", None),
        ] {
            let container = Container::new(uri, None);
            assert_eq!(container.ok().map(|container| container.server.to_string()).as_deref(), server, "{uri}");
        }
    }

    #[test]
    fn answers_are_read_as_documented() {
        let json = r#"{"AccessKeyId":"AKID","SecretAccessKey":"secret","Token":"token",
            "Expiration":"2026-11-30T16:00:00Z","RoleArn":"arn:aws:iam::1:role/r"}"#;
        let expires = SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_054_400);
        let token = Some("token".to_owned());
        let expected = Credentials::new("AKID".to_owned(), "secret".to_owned(), token, Some(expires));
        assert_eq!(Answer::read(json.as_bytes()), Ok(expected));
        for wrong in [
            "",
            "hunter2",
            r#"{"AccessKeyId":"AKID"}"#,
            r#"{"AccessKeyId":"","SecretAccessKey":"hunter2"}"#,
            r#"{"AccessKeyId":["hunter2"],"SecretAccessKey":"b"}"#,
            r#"{"AccessKeyId":"a","SecretAccessKey":"b","Expiration":"hunter2"}"#,
        ] {
            let error = Answer::read(wrong.as_bytes()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn no_token_is_shown() {
        let token = Authorization::Token(Token("hunter2".to_owned()));
        let container = Container::new("http://localhost/", Some(token)).unwrap();
        assert!(!format!("{container:?}").contains("hunter2"), "{container:?}");
        let token = Authorization::Token(Token("hunter2\nx".to_owned()));
        let container = Container::new("http://localhost/", Some(token)).unwrap();
        assert_eq!(container.request().err(), Some(ContainerError::Token));
    }
}
