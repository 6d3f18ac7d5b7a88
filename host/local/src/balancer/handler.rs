//! The handler that the load balancer invokes.

use bytes::Bytes;

use crate::environment::Fleet;
use crate::{FunctionReply, InvocationError};

/// Answers events with a function's reply: JSON, or a stream. Every `Fn(Bytes) -> impl Future<Output = Result<Bytes,
/// InvocationError>>` is a handler.
pub trait Handler: Send + Sync + 'static {
    /// Answers one event. Any number of calls may run concurrently. `id` is the invocation's request id: the access log
    /// has it too.
    ///
    /// As in Lambda, an invocation continues if the client disconnects. The future is dropped when the drain time is
    /// over.
    fn call(&self, id: &str, event: Bytes) -> impl Future<Output = Result<FunctionReply, InvocationError>> + Send;
}

impl<F, Fut> Handler for F
where
    F: Fn(Bytes) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Bytes, InvocationError>> + Send,
{
    async fn call(&self, _: &str, event: Bytes) -> Result<FunctionReply, InvocationError> {
        self(event).await.map(FunctionReply::Whole)
    }
}

impl Handler for Fleet {
    async fn call(&self, id: &str, event: Bytes) -> Result<FunctionReply, InvocationError> {
        self.invoke_as(id, event).await
    }
}
