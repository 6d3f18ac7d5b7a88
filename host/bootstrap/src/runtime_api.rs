//! The answers to Lambda's Runtime API, and the one report that a start may fail with.
//!
//! `lambda_runtime` fetches the events; what is sent back is sent from here, so that an event is read once, a reply is
//! written once, and work may go on after it.
//! Source: AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes".

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::BodyExt;
use lambda_runtime_api_client::PooledClient;
use lambda_runtime_api_client::body::Body;
use serde::Serialize;

use crate::extension::Extension;
use crate::log::{Log, Value};

/// The header that tells Lambda the type of an error.
const ERROR_TYPE: &str = "Lambda-Runtime-Function-Error-Type";
const JSON: &str = "application/json";
/// How often a POST is tried in all, and the pause before the second try; it doubles.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(20);

/// A client of the Runtime API. Clones share its connections.
#[derive(Clone)]
pub(crate) struct RuntimeApi(Arc<PooledClient>);

/// The body of an error report.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorReport<'a> {
    error_type: &'a str,
    error_message: &'a str,
    stack_trace: [&'a str; 0],
}

impl RuntimeApi {
    pub(crate) fn new(endpoint: &Uri) -> Self {
        Self(Arc::new(PooledClient::builder().with_endpoint(endpoint.clone()).build()))
    }

    /// Forgets the connections, which a snapshot has cut.
    pub(crate) fn reset(&self) {
        self.0.reset_pool();
    }

    /// Makes the process an extension too, for as long as it lives.
    ///
    /// # Errors
    /// It cannot be registered.
    pub(crate) async fn register_extension(&self, log: Log) -> anyhow::Result<()> {
        let extension = Extension::register(&self.0).await?;
        let api = self.0.clone();
        tokio::spawn(async move {
            if let Err(error) = extension.wait(&api).await {
                log.host().warn("the extension is lost", &[("error", Value::Shown(&format_args!("{error:#}")))]);
            }
        });
        Ok(())
    }

    /// The reply to one invocation.
    pub(crate) async fn response(&self, request_id: &str, json: Bytes) -> anyhow::Result<()> {
        self.post(&format!("/2018-06-01/runtime/invocation/{request_id}/response"), None, json).await
    }

    /// The failure of one invocation.
    pub(crate) async fn error(&self, request_id: &str, kind: &str, message: &str) -> anyhow::Result<()> {
        self.report(&format!("/2018-06-01/runtime/invocation/{request_id}/error"), kind, message).await
    }

    /// The failure of the start.
    pub(crate) async fn init_error(&self, kind: &str, message: &str) -> anyhow::Result<()> {
        self.report("/2018-06-01/runtime/init/error", kind, message).await
    }

    async fn report(&self, path: &str, kind: &str, message: &str) -> anyhow::Result<()> {
        let report = ErrorReport { error_type: kind, error_message: message, stack_trace: [] };
        self.post(path, Some(kind), serde_json::to_vec(&report)?.into()).await
    }

    /// Tries again when the connection fails, or the Runtime API says that the fault is on its side.
    async fn post(&self, path: &str, error_type: Option<&str>, body: Bytes) -> anyhow::Result<()> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.post_once(path, error_type, body.clone()).await {
                Ok(status) if !status.is_server_error() => return accepted(path, status),
                Ok(_) | Err(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        accepted(path, self.post_once(path, error_type, body).await?)
    }

    async fn post_once(&self, path: &str, error_type: Option<&str>, body: Bytes) -> anyhow::Result<StatusCode> {
        let mut request = Request::post(path).header(header::CONTENT_TYPE, JSON);
        if let Some(error_type) = error_type {
            request = request.header(ERROR_TYPE, error_type);
        }
        let request = request.body(Body::from(body)).context("no request to the Runtime API")?;
        let failed = || format!("the Runtime API does not answer POST {path}");
        let response = self.0.call(request).await.map_err(anyhow::Error::from_boxed).with_context(failed)?;
        let status = response.status();
        // Read to its end, or the connection is not used again.
        response.into_body().collect().await.with_context(failed)?;
        Ok(status)
    }
}

fn accepted(path: &str, status: StatusCode) -> anyhow::Result<()> {
    if !status.is_success() {
        bail!("the Runtime API answered POST {path} with {status}");
    }
    Ok(())
}
