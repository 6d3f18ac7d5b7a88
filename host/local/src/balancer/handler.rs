//! What stands behind the load balancer.

use crate::InvocationError;
use crate::environment::Fleet;
use bytes::Bytes;

/// Answers events. Every `Fn(Bytes) -> impl Future<Output = Result<impl Into<Answer>, InvocationError>>` is one.
pub trait Handler: Send + Sync + 'static {
    /// Answers one event; any number may be on the way at once.
    ///
    /// As in Lambda, a client that hangs up ends no invocation. The future is dropped when the time to drain has passed.
    fn call(&self, event: Bytes) -> impl Future<Output = Result<Answer, InvocationError>> + Send;
}

/// A function's reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The reply's JSON.
    pub reply: Bytes,
    /// What the request's record is to have as its note.
    pub note: Option<String>,
}

impl<F, Fut, A> Handler for F
where
    F: Fn(Bytes) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<A, InvocationError>> + Send,
    A: Into<Answer>,
{
    async fn call(&self, event: Bytes) -> Result<Answer, InvocationError> {
        self(event).await.map(Into::into)
    }
}

impl Handler for Fleet {
    async fn call(&self, event: Bytes) -> Result<Answer, InvocationError> {
        self.invoke(event).await.map(Answer::from)
    }
}

impl From<Bytes> for Answer {
    fn from(reply: Bytes) -> Self {
        Self { reply, note: None }
    }
}
