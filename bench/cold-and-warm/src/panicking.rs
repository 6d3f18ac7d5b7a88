//! A function on `lambda_runtime` whose handler panics, or a layer around it: what an embedder's own code may do.

use anyhow::{Result, anyhow};
use lambda_runtime::tower::layer::layer_fn;
use lambda_runtime::tower::{Service, ServiceExt as _, service_fn};
use lambda_runtime::{Error, LambdaEvent, LambdaInvocation, Runtime};
use serde_json::Value;

/// The event at which the handler panics, and the one at which the layer does.
pub(crate) const HANDLER: &str = "\"handler\"";
pub(crate) const LAYER: &str = "\"layer\"";

/// Answers events until the loop ends.
///
/// # Errors
/// Why it ended.
pub(crate) async fn run() -> Result<()> {
    let handler = service_fn(async |event: LambdaEvent<Value>| {
        assert_ne!(event.payload, "handler");
        Ok::<_, Error>(event.payload)
    });
    Runtime::new(handler).layer(layer_fn(layer)).run_concurrent().await.map_err(|error| anyhow!("{error}"))
}

fn layer<S>(inner: S) -> impl Service<LambdaInvocation, Response = (), Error = Error, Future: Send> + Clone + Send
where
    S: Service<LambdaInvocation, Response = (), Error = Error, Future: Send> + Clone + Send + 'static,
{
    service_fn(move |invocation: LambdaInvocation| {
        assert_ne!(invocation.body, LAYER);
        inner.clone().oneshot(invocation)
    })
}
