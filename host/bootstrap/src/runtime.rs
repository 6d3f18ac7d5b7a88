//! The loop of the custom runtime: `lambda_runtime` fetches events, [`Host`] answers them, [`RuntimeApi`] sends it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use lambda_runtime::{BoxFuture, Error, LambdaEvent, LambdaInvocation, Runtime, SnapStartResource, service_fn};
use serde_json::Value as Json;
use tower::{Layer, Service};

use crate::host::{Context, Host, Outcome};
use crate::log::{Log, Value};
use crate::runtime_api::RuntimeApi;

/// How long an answer of the Runtime API that is no event holds up the next request for one.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers events until the Runtime API fails: one after the other, or as many at once as `AWS_LAMBDA_MAX_CONCURRENCY`
/// says, which `lambda_runtime` reads itself.
///
/// # Errors
/// Whatever `lambda_runtime` cannot go on after.
pub(crate) async fn run(host: Host, api: RuntimeApi, log: Log) -> Result<(), Error> {
    // A handler of its own kind is asked for; the layer puts ours in its place.
    let unused = service_fn(|_: LambdaEvent<Json>| async { Ok::<(), Error>(()) });
    let restored = Arc::new(Restored { host: host.clone(), api: api.clone() });
    Runtime::new(unused)
        .register_snapstart_resource(restored)
        .layer(Answering { host, api, log })
        .run_concurrent()
        .await
}

/// Connections do not outlive a snapshot. Instances do not need to: none is made before its event.
struct Restored {
    host: Host,
    api: RuntimeApi,
}

impl SnapStartResource for Restored {
    fn after_restore(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.api.reset();
        self.host.restored();
        Box::pin(async { Ok(()) })
    }
}

/// The layer and the service that it makes.
#[derive(Clone)]
struct Answering {
    host: Host,
    api: RuntimeApi,
    log: Log,
}

impl<S> Layer<S> for Answering {
    type Service = Self;

    fn layer(&self, _: S) -> Self {
        self.clone()
    }
}

impl Service<LambdaInvocation> for Answering {
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            this.answer(invocation).await;
            Ok(())
        })
    }
}

impl Answering {
    /// Never an error: one reply that cannot be sent must not end the process, and with it the next invocations.
    async fn answer(&self, invocation: LambdaInvocation) {
        let LambdaInvocation { parts, body, context } = invocation;
        let id = context.request_id;
        if !parts.status.is_success() {
            let status = parts.status;
            self.log.at(&id).error("the Runtime API gave no event", &[("status", Value::Shown(&status))]);
            return tokio::time::sleep(PAUSE).await;
        }
        let context = Context {
            request_id: id.clone(),
            deadline_ms: context.deadline,
            trace_id: context.xray_trace_id,
            function_arn: context.invoked_function_arn,
        };
        let (outcome, after) = self.host.invoke(body, context).await;
        let sent = match outcome {
            Outcome::Reply { json, .. } => self.api.response(&id, json).await,
            Outcome::Error { kind, message } => self.api.error(&id, &kind, &message).await,
        };
        if let Err(error) = sent {
            self.log.at(&id).error("the answer is lost", &[("error", Value::Shown(&format_args!("{error:#}")))]);
        }
        after.finish().await;
    }
}
