//! A connection in the hands of one request.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::ext::on_informational;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::link::{InFlightRequest, Link};
use super::pool::{OriginConnections, Pool};
use super::request_body::{RequestBody, Sending, Watch};
use super::sender::Sender;
use crate::stealable::stealable;

/// How long a connection may take from the end of a response until it takes the next request.
const RETURN: Duration = Duration::from_secs(1);

pub(crate) struct Lease {
    exchange: InFlightRequest,
    /// Where the connection goes afterwards.
    back: Option<(Arc<Pool>, Arc<OriginConnections>, Sender)>,
    body: Watch,
    answered: bool,
    /// Dropped after the exchange, so that whoever waits sees that it has ended.
    _ended: Ended,
}

/// Tells those who wait for a connection.
struct Ended(Arc<Pool>, Arc<OriginConnections>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.ended(&self.1);
    }
}

impl Lease {
    pub(crate) fn new(pool: Arc<Pool>, host: Arc<OriginConnections>, sender: Sender, body: &RequestBody) -> Self {
        let exchange = sender.link().begin();
        let ended = Ended(pool.clone(), host.clone());
        Self { exchange, back: Some((pool, host, sender)), body: body.watch(), answered: false, _ended: ended }
    }

    /// Sends the request, and waits for the head of its response. The request comes back if nothing of it was sent.
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

    pub(crate) fn link(&self) -> &Link {
        self.exchange.link()
    }

    pub(crate) fn is_http1(&self) -> bool {
        self.back.as_ref().is_some_and(|(_, _, sender)| sender.is_http1())
    }

    /// The guest has got so many bytes of the response.
    pub(crate) fn delivered(&self, bytes: usize) {
        self.exchange.delivered(bytes);
    }
}

impl Drop for Lease {
    /// A connection that still has something to send of this request is of no use to others.
    fn drop(&mut self) {
        let Some((pool, host, sender)) = self.back.take().filter(|_| self.answered) else { return };
        if self.body.is_held() {
            sender.link().retire();
        } else if sender.is_http1()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(stealable(give_back(pool, host, sender)));
        }
    }
}

/// Keeps a connection once it has done with its request.
async fn give_back(pool: Arc<Pool>, host: Arc<OriginConnections>, mut sender: Sender) {
    match timeout(RETURN, sender.is_ready()).await {
        Ok(true) => pool.keep(&host, sender),
        _ => sender.link().retire(),
    }
}
