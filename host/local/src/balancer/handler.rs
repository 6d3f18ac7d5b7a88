//! What stands behind the load balancer.

use crate::InvocationError;
use crate::environment::Fleet;
use bytes::Bytes;

/// Answers events. Every `Fn(Bytes) -> impl Future<Output = Result<impl Into<FunctionReply>, InvocationError>>` is one.
pub trait Handler: Send + Sync + 'static {
    /// Answers one event; any number may be on the way at once.
    ///
    /// As in Lambda, a client that hangs up ends no invocation. The future is dropped when the time to drain has passed.
    fn call(&self, event: Bytes) -> impl Future<Output = Result<FunctionReply, InvocationError>> + Send;
}

/// A function's reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionReply {
    /// The reply's JSON.
    pub reply: Bytes,
    /// What the request's record is to have as its note.
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
