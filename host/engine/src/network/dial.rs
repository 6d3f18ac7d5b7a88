//! Opens connections, to checked addresses only.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use std::{io, vec};

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use tokio::sync::Semaphore;
use tower_service::Service;

use super::connection::Tcp;
use super::gate::{Closed, Denial, Gate};
use super::origin::Origin;

/// How long an attempt may take of which no guest has said how long it may.
const PATIENCE: Duration = Duration::from_secs(60);

/// The connector of a client. Clones share what it is made of.
#[derive(Clone)]
pub(crate) struct Dial {
    pub(crate) gate: Arc<Gate>,
    /// One permit a connection.
    pub(crate) connections: Arc<Semaphore>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    #[error("no connection to an invalid URI")]
    Uri,
    #[error("{}", .0.reason)]
    Denied(Denial),
    #[error("the name cannot be resolved: {0}")]
    Unresolved(io::Error),
    #[error("the name has no address")]
    NoAddress,
    #[error("there are too many connections")]
    TooMany,
    #[error("no connection")]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Dial {
    async fn dial(self, uri: Uri) -> Result<Tcp, DialError> {
        let origin = Origin::of(&uri).ok_or(DialError::Uri)?;
        let addresses = self.gate.addresses(&origin).await?;
        let permit = self.connections.acquire_owned().await.map_err(|_| DialError::TooMany)?;
        let mut connector = HttpConnector::new_with_resolver(Checked(addresses));
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(PATIENCE));
        let stream = connector.call(uri).await.map_err(|error| DialError::Connect(error.into()))?;
        Ok(Tcp::new(stream, permit))
    }
}

impl Service<Uri> for Dial {
    type Response = Tcp;
    type Error = DialError;
    type Future = Pin<Box<dyn Future<Output = Result<Tcp, DialError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().dial(uri))
    }
}

impl From<Closed> for DialError {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Denied(denial) => Self::Denied(denial),
            Closed::Unresolved(error) => Self::Unresolved(error),
            Closed::Empty => Self::NoAddress,
        }
    }
}

/// The addresses of one connection, in place of a resolver: between check and connect nobody is asked again. (The
/// connector asks nobody for a literal address; the client's URIs have these in the spelling that was checked.)
#[derive(Clone)]
struct Checked(Vec<SocketAddr>);

impl Service<Name> for Checked {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        ready(Ok(self.0.clone().into_iter()))
    }
}
