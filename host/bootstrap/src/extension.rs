//! An internal extension, registered on request: Lambda sends SIGTERM only to functions that have an extension.
//! Source: AWS Lambda developer guide, "Using the Lambda Extensions API to create extensions".

use std::future;

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderValue, Request, Uri};

use crate::connection::Connection;
use crate::log::{Log, Value};

const REGISTER: &str = "/2020-01-01/extension/register";
const NEXT: &str = "/2020-01-01/extension/event/next";
const NAME: (&str, &str) = ("Lambda-Extension-Name", "funcserver");
const IDENTIFIER: &str = "Lambda-Extension-Identifier";
/// An internal extension may ask for invocations only, and this one wants none of them.
const NO_EVENTS: Bytes = Bytes::from_static(br#"{"events":[]}"#);

/// A registered extension.
pub(crate) struct Extension {
    identifier: HeaderValue,
    connection: Connection,
}

impl Extension {
    /// Registers it; to be done before the first request for an event.
    ///
    /// # Errors
    /// The Runtime API refuses, or does not answer.
    pub(crate) async fn register(runtime_api: &Uri) -> anyhow::Result<Self> {
        let mut connection = Connection::new(runtime_api);
        let request = Request::post(REGISTER).header(NAME.0, NAME.1).body(NO_EVENTS)?;
        let identifier = connection.ask(request).await?.headers_mut().remove(IDENTIFIER);
        let identifier = identifier.with_context(|| format!("the Runtime API gave no {IDENTIFIER}"))?;
        Ok(Self { identifier, connection })
    }

    /// Keeps the process an extension for as long as it lives.
    pub(crate) fn keep(self, log: Log) {
        tokio::spawn(async move {
            if let Err(error) = self.wait().await {
                log.host().warn("the extension is lost", &[("error", Value::Shown(&format_args!("{error:#}")))]);
            }
        });
    }

    /// Asks for its next event, as every extension has to: Lambda waits for that before it freezes or invokes anything.
    /// There is none, and so this never ends.
    ///
    /// # Errors
    /// The Runtime API refuses, or the connection breaks.
    async fn wait(mut self) -> anyhow::Result<()> {
        let request = Request::get(NEXT).header(IDENTIFIER, self.identifier).body(Bytes::new())?;
        self.connection.ask(request).await?;
        future::pending().await
    }
}
