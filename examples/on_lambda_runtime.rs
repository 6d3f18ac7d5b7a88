//! Runs a function's component under `lambda_runtime`, for people who have `tower` layers around their functions.
//!
//! Deploy it as `bootstrap`, in a zip that is otherwise the same: it reads `funcserver.toml`, the variables
//! `FUNCSERVER_…` and the compiled component as funcserver's own `bootstrap` does. The loop over the Runtime API is
//! that of `lambda_runtime`. This example has two layers:
//!
//! - [`read_only`] wraps the component: if the variable `READ_ONLY` is set, requests that may write are answered with
//!   503.
//! - [`finishing`] wraps the sending of the answer, and does the work that is left after it.
//!
//! Events and answers pass as raw JSON ([`RawValue`]). The types of `aws_lambda_events` 1.2 suit a layer that reads one
//! member or makes an answer of its own, but they lose what a component may need: `AlbTargetGroupRequest` does not keep
//! the order of the query and rejects an event whose query is `null`; `AlbTargetGroupResponse` merges the headers that
//! differ in letter case alone, which carry several cookies.
//!
//! `bootstrap` does more than this: it has a watchdog, reports a failed start, tries again after a fault of the
//! Runtime API, and answers the events at work when it is told to end. ARCHITECTURE.md ("The loop is ours") has the
//! reasons, and `scripts/bench runtimes` the measurements.

#![deny(unsafe_code)]

use std::cell::Cell;
use std::sync::Arc;

use aws_lambda_events::alb::{AlbTargetGroupRequest, AlbTargetGroupResponse};
use funcserver_engine::{Guest, LoadError};
use funcserver_function::config::{Env as _, LambdaEnv, Variables};
use funcserver_function::log::Log;
use funcserver_function::task_root::{self, DeployedComponent};
use funcserver_function::{After, Context, Host, Outcome, log_panics};
use lambda_runtime::tower::layer::layer_fn;
use lambda_runtime::tower::{Service, ServiceExt as _, service_fn};
use lambda_runtime::{BoxFuture, Diagnostic, Error, LambdaEvent, LambdaInvocation, Runtime, SnapStartResource};
use serde_json::value::RawValue;

/// An unparsed event or answer.
type Json = Box<RawValue>;

tokio::task_local! {
    /// The work that is left once the answer is sent, for each invocation.
    static AFTER: Cell<Option<After>>;
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let env = Variables::of_process();
    let lambda = LambdaEnv::read(&env)?;
    let host = host(&lambda, &env)?;
    if !lambda.snapshot {
        host.fetch_secrets().await?;
    }
    host.warm_up().await;
    let restored = Arc::new(Restored(host.clone()));
    let component = service_fn(move |event| answer(host.clone(), event));
    let handler = read_only(env.get("READ_ONLY").is_some(), component);
    let runtime = Runtime::new(handler).layer(layer_fn(finishing)).register_snapstart_resource(restored);
    runtime.run_concurrent().await
}

/// The deployed function, ready for events.
fn host(lambda: &LambdaEnv, env: &Variables) -> Result<Host, Error> {
    let config = task_root::config(lambda, env)?;
    let log = Log::of(&config.log, std::io::stderr(), None);
    // The log lines of lambda_runtime go to the same log.
    log.forward_tracing();
    log_panics(log.clone());
    let mut component = task_root::component(lambda, &config, env, &log)?;
    let secrets = component.secrets.take();
    let host = Host::new(load(component)?, &config, log);
    if let Some(secrets) = secrets {
        host.set_secrets(secrets);
    }
    Ok(host)
}

/// Maps the function's component.
#[expect(unsafe_code)]
fn load(component: DeployedComponent) -> Result<Guest, LoadError> {
    // SAFETY: the file is part of the function, like this executable: the people who deployed both compiled it with
    // `funcserver build`. Lambda mounts the function's folder read-only, so nothing writes to the file.
    unsafe { component.runtime.load(&component.path, component.options) }
}

/// The component's answer. A failure of the handler is an answer too, unless `limits.fail` says otherwise.
async fn answer(host: Host, event: LambdaEvent<Json>) -> Result<Json, Diagnostic> {
    let (event, context) = event.into_parts();
    let invocation = host.invocation(Context {
        request_id: context.request_id,
        deadline_ms: context.deadline,
        trace_id: context.xray_trace_id,
        function_arn: context.invoked_function_arn,
        invocation_id: None, // lambda_runtime sends it back itself.
        tenant_id: None,
    });
    let (outcome, after) = host.invoke(Box::<str>::from(event).into_boxed_bytes().into(), &invocation).await;
    AFTER.with(|slot| slot.set(Some(after)));
    match outcome {
        Outcome::Reply(json) => serde_json::from_slice(&json).map_err(unfit),
        Outcome::Stream(_) => Err(Diagnostic {
            error_type: "Example.Stream".to_owned(),
            error_message: "this program answers whole: leave response.stream off".to_owned(),
        }),
        Outcome::Error { kind, message } => Err(Diagnostic { error_type: kind, error_message: message }),
    }
}

/// A layer around the component. If it is `on`, only requests that read pass. The others get 503.
fn read_only<S>(
    on: bool,
    inner: S,
) -> impl Service<LambdaEvent<Json>, Response = Json, Error = Diagnostic, Future: Send> + Clone + Send + 'static
where
    S: Service<LambdaEvent<Json>, Response = Json, Error = Diagnostic, Future: Send> + Clone + Send + 'static,
{
    service_fn(move |event: LambdaEvent<Json>| {
        let inner = inner.clone();
        async move {
            if on && let Some(refusal) = refusal(&event.payload)? {
                return Ok(refusal);
            }
            inner.oneshot(event).await
        }
    })
}

/// The answer to a request that may write. An event that does not fit the type is an error, so a queue keeps its
/// messages.
fn refusal(event: &RawValue) -> Result<Option<Json>, Diagnostic> {
    let request: AlbTargetGroupRequest = serde_json::from_str(event.get()).map_err(unfit)?;
    if request.http_method.is_safe() {
        return Ok(None);
    }
    let mut response = AlbTargetGroupResponse::default();
    response.status_code = 503;
    response.status_description = Some("503 Service Unavailable".to_owned());
    response.body = Some("read-only for the moment\n".into());
    serde_json::value::to_raw_value(&response).map(Some).map_err(unfit)
}

fn unfit(error: serde_json::Error) -> Diagnostic {
    Diagnostic { error_type: "Example.Json".to_owned(), error_message: error.to_string() }
}

/// A layer around the whole handling of an event, including the sending of the answer.
fn finishing<S>(
    inner: S,
) -> impl Service<LambdaInvocation, Response = (), Error = Error, Future: Send> + Clone + Send + 'static
where
    S: Service<LambdaInvocation, Response = (), Error = Error, Future: Send> + Clone + Send + 'static,
{
    service_fn(move |invocation| {
        let inner = inner.clone();
        AFTER.scope(Cell::new(None), async move {
            let sent = inner.oneshot(invocation).await;
            if let Some(after) = AFTER.with(Cell::take) {
                after.finish().await;
            }
            sent
        })
    })
}

/// Drops everything that two processes must not share, once a process runs that was restored from a snapshot.
struct Restored(Host);

impl SnapStartResource for Restored {
    fn after_restore(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { self.0.restored().await.map_err(Error::from) })
    }
}
