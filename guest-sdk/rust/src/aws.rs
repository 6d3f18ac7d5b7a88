//! The HTTP client that the AWS SDK for Rust takes.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::{Body, Error, fetch};

/// An HTTP client for the AWS SDK for Rust, whose requests are those of [`fetch`]. The SDK's own client opens sockets,
/// which do not exist in a component.
///
/// A request fails if the response does not begin within the connect timeout and the read timeout of the SDK's
/// configuration, taken together: the host opens the connection.
pub fn aws_http_client() -> SharedHttpClient {
    http_client_fn(|settings, _| SharedHttpConnector::new(Connector { limit: limit(settings) }))
}

fn limit(settings: &HttpConnectorSettings) -> Option<Duration> {
    Some(settings.connect_timeout().unwrap_or_default() + settings.read_timeout()?)
}

#[derive(Debug)]
struct Connector {
    limit: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(send(request, self.limit))
    }
}

async fn send(request: HttpRequest, limit: Option<Duration>) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let arriving = fetch(request);
    let response = match limit {
        Some(limit) => match tokio::time::timeout(limit, arriving).await {
            Ok(response) => response,
            Err(elapsed) => return Err(ConnectorError::timeout(elapsed.into())),
        },
        None => arriving.await,
    };
    let response = response.map_err(ConnectorError::io)?;
    let response = response.map(|body| SdkBody::from_body_1_x(Shared(Mutex::new(body))));
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
}

/// A body that is `Sync`, as the SDK wants it. Nobody waits for the lock: a body is read by whoever owns it.
struct Shared(Mutex<Body>);

impl http_body::Body for Shared {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let body = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        Pin::new(body).poll_frame(context)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).size_hint()
    }
}
