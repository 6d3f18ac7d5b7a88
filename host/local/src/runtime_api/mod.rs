//! A Lambda Runtime API on loopback, for any custom runtime.
//!
//! | path | effect |
//! | --- | --- |
//! | `GET /2018-06-01/runtime/invocation/next` | waits for an event; several requests may wait at once |
//! | `POST …/invocation/{id}/response` | the reply: whole, chunked or streamed, with or without error trailers |
//! | `POST …/invocation/{id}/error` | the function's error |
//! | `POST …/runtime/init/error` | the runtime failed to start |
//! | `GET …/runtime/restore/next` | answered at once, as if a snapshot had been taken and restored |
//! | `POST …/runtime/restore/error` | the runtime failed to restore |
//! | `POST /2020-01-01/extension/register` | registers an extension; it receives no `INVOKE` events |
//! | `GET /2020-01-01/extension/event/next` | waits for the event `SHUTDOWN` |
//! | `POST /2020-01-01/extension/{init,exit}/error` | accepted and ignored |
//!
//! Sources: AWS, *Lambda developer guide*, "Using the Lambda runtime API for custom runtimes" and "Using the Lambda
//! Extensions API"; the wording of errors is the runtime interface emulator's.

mod extensions;
mod invocations;
mod routes;
mod server;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::routes::Shared;
use crate::{Function, FunctionReply, InvocationError, id};

/// The largest reply that Lambda accepts, in bytes: slightly more than 6 MiB.
pub const MAX_REPLY: usize = 6 * 1024 * 1024 + 100;

/// A running Runtime API. Dropping it closes its connections.
pub struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl RuntimeApi {
    /// Starts a Runtime API on a free port of 127.0.0.1, for a function with default settings.
    pub async fn start() -> io::Result<Self> {
        Self::start_for(Function::default()).await
    }

    /// Starts a Runtime API that serves the name and the settings of `function`.
    pub async fn start_for(function: Function) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(function));
        let server = tokio::spawn(server::serve(listener, shared.clone()));
        Ok(Self { address, shared, server })
    }

    /// The address that it listens on: the value of `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends `event` to the next runtime that asks for one, and waits for the reply, for `timeout` at most.
    ///
    /// Events are delivered in order, and any number of them may be in flight. If this future is dropped, the event is
    /// withdrawn, and a late reply to it gets 400. A streamed reply is collected, with its prelude.
    pub async fn invoke(&self, event: impl Into<Bytes>, timeout: Duration) -> Result<Bytes, InvocationError> {
        let id = id::request_id();
        let reply = async { self.invoke_as(&id, event.into(), timeout).await?.whole().await };
        let reply = tokio::time::timeout(timeout, reply).await;
        reply.unwrap_or_else(|_| Err(InvocationError::timed_out(&id, timeout)))
    }

    /// The same, for an invocation that has a request id. A streamed reply is returned when it begins.
    pub(crate) async fn invoke_as(
        &self,
        id: &str,
        event: Bytes,
        timeout: Duration,
    ) -> Result<FunctionReply, InvocationError> {
        let mut ticket = self.shared.invocations.submit(id, event, timeout);
        match tokio::time::timeout(timeout, ticket.answer()).await {
            Ok(answer) => answer,
            Err(_) => Err(InvocationError::timed_out(id, timeout)),
        }
    }

    /// Waits until a runtime has asked for its first event, which means that it has started.
    pub async fn polled(&self) {
        self.shared.invocations.polled().await;
    }

    /// Waits until a runtime is waiting for an event: it has started, or has finished the previous event.
    pub async fn idle(&self) {
        self.shared.invocations.idle().await;
    }

    /// Waits until a runtime has posted `/init/error` or `/restore/error`, and returns the error.
    pub async fn init_error(&self) -> InvocationError {
        self.shared.init_errors.wait().await
    }

    /// Whether an extension has registered. Lambda announces the shutdown only if one has.
    pub fn has_extension(&self) -> bool {
        self.shared.extensions.any()
    }

    /// Waits until `count` extensions have registered.
    pub(crate) async fn registered(&self, count: usize) {
        self.shared.extensions.registered(count).await;
    }

    /// Sends the event `SHUTDOWN` to the extensions that wait for it; `grace` is the time until they are killed.
    pub fn announce_shutdown(&self, grace: Duration) {
        self.shared.extensions.shut_down(grace);
    }

    /// Waits until all connections are closed and everything sent on them has been read, for `limit` at most.
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
