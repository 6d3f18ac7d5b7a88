//! An internal extension, which settings can request: Lambda sends SIGTERM only to functions that have an extension.
//! Source: AWS Lambda developer guide, "Using the Lambda Extensions API to create extensions".

use std::future;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use tokio::time::timeout;

use crate::connection::{Connection, accepted};
use crate::post_body::PostBody;
use funcserver_function::log::{Log, Value};

const REGISTER: &str = "/2020-01-01/extension/register";
const NEXT: &str = "/2020-01-01/extension/event/next";
const NAME: (HeaderName, HeaderValue) =
    (HeaderName::from_static("lambda-extension-name"), HeaderValue::from_static("funcserver"));
const IDENTIFIER: HeaderName = HeaderName::from_static("lambda-extension-identifier");
/// An internal extension can subscribe to INVOKE events only, and this one does not need them.
const NO_EVENTS: Bytes = Bytes::from_static(br#"{"events":[]}"#);
/// The largest answer that is read, and the time limit for it.
const MAX_ANSWER: usize = 64 * 1024;
const TIME: Duration = Duration::from_secs(5);

/// A registered extension.
pub(crate) struct Extension {
    identifier: HeaderValue,
    connection: Connection,
}

impl Extension {
    /// Registers the extension. Call it before the first request for an event.
    ///
    /// # Errors
    /// The Runtime API rejects it or does not answer.
    pub(crate) async fn register(runtime_api: &Uri) -> anyhow::Result<Self> {
        let mut connection = Connection::new(runtime_api);
        let headers = HeaderMap::from_iter([NAME]);
        let registered = connection.ask(&Method::POST, REGISTER, headers, NO_EVENTS, MAX_ANSWER);
        let mut registered = timeout(TIME, registered).await.context("the Runtime API does not answer in time")??;
        let identifier = registered.headers.remove(IDENTIFIER);
        let identifier = identifier.with_context(|| format!("the Runtime API gave no {IDENTIFIER}"))?;
        Ok(Self { identifier, connection })
    }

    /// Keeps the extension registered until the process ends.
    pub(crate) fn keep(self, log: Log) {
        tokio::spawn(async move {
            if let Err(error) = self.wait().await {
                log.host().warn("the extension is lost", &[("error", Value::Shown(&format_args!("{error:#}")))]);
            }
        });
    }

    /// Requests the extension's next event. Lambda waits for this request before it freezes the process or sends an
    /// invocation. The extension subscribes to no event, so this never returns `Ok`.
    ///
    /// # Errors
    /// The Runtime API rejects it, or the connection breaks.
    async fn wait(mut self) -> anyhow::Result<()> {
        let headers = HeaderMap::from_iter([(IDENTIFIER, self.identifier)]);
        let head = self.connection.call(&Method::GET, NEXT, headers, PostBody::empty()).await?;
        accepted(&Method::GET, NEXT, head.status)?;
        future::pending().await
    }
}
