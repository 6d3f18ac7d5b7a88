//! The handler that the load balancer invokes.

use bytes::Bytes;

use crate::InvocationError;
use crate::environment::Fleet;

/// Answers events. Every `Fn(Bytes) -> impl Future<Output = Result<impl Into<FunctionReply>, InvocationError>>` is a
/// handler.
pub trait Handler: Send + Sync + 'static {
    /// Answers one event. Any number of calls may run concurrently.
    ///
    /// As in Lambda, an invocation continues if the client disconnects. The future is dropped when the drain time is
    /// over.
    fn call(&self, event: Bytes) -> impl Future<Output = Result<FunctionReply, InvocationError>> + Send;
}

/// A function's reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionReply {
    /// The reply's JSON.
    pub reply: Bytes,
    /// The note for the request's record in the access log.
    pub note: Option<String>,
}

impl<F, Fut, A> Handler for F
where
    F: Fn(Bytes) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<A, InvocationError>> + Send,
    A: Into<FunctionReply>,
{
    async fn call(&self, event: Bytes) -> Result<FunctionReply, InvocationError> {
        self(event).await.map(Into::into)
    }
}

impl Handler for Fleet {
    async fn call(&self, event: Bytes) -> Result<FunctionReply, InvocationError> {
        self.invoke(event).await.map(FunctionReply::from)
    }
}

impl From<Bytes> for FunctionReply {
    fn from(reply: Bytes) -> Self {
        Self { reply, note: None }
    }
}
