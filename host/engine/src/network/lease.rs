//! The lease of a connection to one request.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::ext::on_informational;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::connection_state::{ConnectionState, InFlightRequest};
use super::pool::{OriginConnections, Pool};
use super::request_body::{RequestBody, Sending, Watch};
use super::sender::Sender;
use crate::stealable::stealable;

/// The time limit from the end of a response until the connection is ready for the next request.
const RETURN: Duration = Duration::from_secs(1);

pub(crate) struct Lease {
    exchange: InFlightRequest,
    /// The pool to which the connection is released.
    back: Option<(Arc<Pool>, Arc<OriginConnections>, Sender)>,
    body: Watch,
    answered: bool,
    /// Dropped after the exchange, so that waiting requests see that it has ended.
    _ended: Ended,
}

/// Notifies the requests that wait for a connection.
struct Ended(Arc<Pool>, Arc<OriginConnections>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.ended(&self.1);
    }
}

impl Lease {
    pub(crate) fn new(pool: Arc<Pool>, host: Arc<OriginConnections>, sender: Sender, body: &RequestBody) -> Self {
        let exchange = sender.state().begin();
        let ended = Ended(pool.clone(), host.clone());
        Self { exchange, back: Some((pool, host, sender)), body: body.watch(), answered: false, _ended: ended }
    }

    /// Sends the request, and waits for the head of its response. The error returns the request if no part of it was
    /// sent.
    pub(crate) async fn send(
        &mut self,
        mut request: Request<Sending>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Sending>>> {
        on_informational(&mut request, {
            let count = self.exchange.interim();
            move |_| count()
        });
        let Some((_, _, sender)) = &mut self.back else { return std::future::pending().await };
        let result = sender.send(request).await;
        match &result {
            Ok(_) => self.exchange.answered(),
            Err(_) => self.exchange.settle(),
        }
        self.answered = result.is_ok();
        result
    }

    pub(crate) fn state(&self) -> &ConnectionState {
        self.exchange.state()
    }

    pub(crate) fn is_http1(&self) -> bool {
        self.back.as_ref().is_some_and(|(_, _, sender)| sender.is_http1())
    }

    /// Records that the guest has read `bytes` of the response.
    pub(crate) fn delivered(&self, bytes: usize) {
        self.exchange.delivered(bytes);
    }
}

impl Drop for Lease {
    /// Does not release a connection that still has a part of this request to send.
    fn drop(&mut self) {
        let Some((pool, host, sender)) = self.back.take().filter(|_| self.answered) else { return };
        if self.body.is_held() {
            sender.state().retire();
        } else if sender.is_http1()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(stealable(release(pool, host, sender)));
        }
    }
}

/// Releases a connection to the pool once it is ready for the next request.
async fn release(pool: Arc<Pool>, host: Arc<OriginConnections>, mut sender: Sender) {
    match timeout(RETURN, sender.is_ready()).await {
        Ok(true) => pool.keep(&host, sender),
        _ => sender.state().retire(),
    }
}
