//! An internal extension, registered on request: Lambda sends SIGTERM only to functions that have an extension.
//! Source: AWS Lambda developer guide, "Using the Lambda Extensions API to create extensions".

use std::future;

use anyhow::{Context as _, bail};
use http::{HeaderMap, HeaderValue, Request};
use http_body_util::BodyExt;
use lambda_runtime_api_client::PooledClient;
use lambda_runtime_api_client::body::Body;

const REGISTER: &str = "/2020-01-01/extension/register";
const NEXT: &str = "/2020-01-01/extension/event/next";
const NAME: (&str, &str) = ("Lambda-Extension-Name", "funcserver");
const IDENTIFIER: &str = "Lambda-Extension-Identifier";
/// An internal extension may ask for invocations only, and this one wants none of them.
const NO_EVENTS: &str = r#"{"events":[]}"#;

/// A registered extension.
pub(crate) struct Extension {
    identifier: HeaderValue,
}

impl Extension {
    /// Registers it; to be done before the first request for an event.
    ///
    /// # Errors
    /// The Runtime API refuses, or does not answer.
    pub(crate) async fn register(api: &PooledClient) -> anyhow::Result<Self> {
        let request = Request::post(REGISTER).header(NAME.0, NAME.1).body(Body::from(NO_EVENTS))?;
        let mut headers = call(api, request).await?;
        let identifier = headers.remove(IDENTIFIER);
        Ok(Self { identifier: identifier.with_context(|| format!("the Runtime API gave no {IDENTIFIER}"))? })
    }

    /// Asks for its next event, as every extension has to: Lambda waits for that before it freezes or invokes anything.
    /// There is none, and so this never ends.
    ///
    /// # Errors
    /// The Runtime API refuses, or the connection breaks.
    pub(crate) async fn wait(self, api: &PooledClient) -> anyhow::Result<()> {
        let request = Request::get(NEXT).header(IDENTIFIER, self.identifier).body(Body::empty())?;
        call(api, request).await?;
        future::pending().await
    }
}

async fn call(api: &PooledClient, request: Request<Body>) -> anyhow::Result<HeaderMap> {
    let path = request.uri().path().to_owned();
    let failed = || format!("the Runtime API does not answer {path}");
    let response = api.call(request).await.map_err(anyhow::Error::from_boxed).with_context(failed)?;
    let (parts, body) = response.into_parts();
    // Read to its end, or the connection is not used again.
    body.collect().await.with_context(failed)?;
    if !parts.status.is_success() {
        bail!("the Runtime API answered {path} with {}", parts.status);
    }
    Ok(parts.headers)
}
