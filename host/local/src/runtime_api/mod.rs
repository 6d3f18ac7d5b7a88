//! A Lambda Runtime API on loopback, which serves any custom runtime.
//!
//! | path | what it does |
//! | --- | --- |
//! | `GET /2018-06-01/runtime/invocation/next` | waits for an event; several may wait at once |
//! | `POST …/invocation/{id}/response` | the reply: whole, chunked or streamed, with error trailers or without |
//! | `POST …/invocation/{id}/error` | the function's error |
//! | `POST …/runtime/init/error` | the runtime cannot start |
//! | `GET …/runtime/restore/next` | answered at once: the snapshot is taken and restored |
//! | `POST …/runtime/restore/error` | the runtime cannot start again |
//! | `POST /2020-01-01/extension/register` | makes an extension known; it is told of no invocations |
//! | `GET /2020-01-01/extension/event/next` | waits for the shutdown |
//! | `POST /2020-01-01/extension/{init,exit}/error` | taken, and otherwise ignored |
//!
//! Sources: AWS, *Lambda developer guide*, "Using the Lambda runtime API for custom runtimes" and "Using the Lambda
//! Extensions API"; the runtime interface emulator for the wording of errors.

mod extensions;
mod invocations;
mod routes;
mod server;

use crate::{Function, InvocationError, id};
use bytes::Bytes;
use routes::Shared;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The largest reply that Lambda takes, in bytes: 6 MiB and a little.
pub const MAX_REPLY: usize = 6 * 1024 * 1024 + 100;

/// A running Runtime API. Dropping it closes its connections.
pub struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl RuntimeApi {
    /// Starts one on a free port of 127.0.0.1, for a function of the default facts.
    pub async fn start() -> io::Result<Self> {
        Self::start_for(Function::default()).await
    }

    /// Starts one that tells the runtime the facts of `function`.
    pub async fn start_for(function: Function) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(function));
        let server = tokio::spawn(server::serve(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, server })
    }

    /// Where it listens: what goes into `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Hands `event` to the next runtime that asks for one, and waits for what it answers, for `timeout` at most.
    ///
    /// Events are handed out in their order; any number may be on the way. If the future is dropped, the event is taken
    /// back, and a late answer to it gets 400.
    pub async fn invoke(&self, event: impl Into<Bytes>, timeout: Duration) -> Result<Bytes, InvocationError> {
        self.invoke_as(&id::request_id(), event.into(), timeout).await
    }

    pub(crate) async fn invoke_as(&self, id: &str, event: Bytes, timeout: Duration) -> Result<Bytes, InvocationError> {
        let mut ticket = self.shared.invocations.submit(id, event, timeout);
        match tokio::time::timeout(timeout, ticket.answer()).await {
            Ok(answer) => answer,
            Err(_) => Err(InvocationError::timed_out(id, timeout)),
        }
    }

    /// Waits until a runtime has asked for an event: it has started.
    pub async fn polled(&self) {
        self.shared.invocations.polled().await;
    }

    /// Waits until a runtime waits for an event: it has started, or is done with the event before.
    pub async fn idle(&self) {
        self.shared.invocations.idle().await;
    }

    /// Waits until a runtime has posted `/init/error` or `/restore/error`, and says what it posted.
    pub async fn init_error(&self) -> InvocationError {
        self.shared.init_errors.wait().await
    }

    /// Whether an extension has registered: only then does Lambda announce the shutdown.
    pub fn has_extension(&self) -> bool {
        self.shared.extensions.any()
    }

    /// Waits until so many extensions have registered.
    pub(crate) async fn registered(&self, count: usize) {
        self.shared.extensions.registered(count).await;
    }

    /// Answers the extensions that wait with the event `SHUTDOWN`; `grace` is the time until the kill.
    pub fn announce_shutdown(&self, grace: Duration) {
        self.shared.extensions.shut_down(grace);
    }

    /// Waits until nobody is connected: all that was sent has been read. `limit` bounds the wait.
    pub(crate) async fn settled(&self, limit: Duration) {
        let mut connections = self.shared.connections.subscribe();
        let _ = tokio::time::timeout(limit, connections.wait_for(|count| *count == 0)).await;
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}
