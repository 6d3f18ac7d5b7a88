//! Lambda's Runtime API: events come from it, and answers and the failure of a start go to it.
//!
//! Source: AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes".

use std::str::FromStr;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde::Serialize;

use crate::connection::{Connection, accepted};
use crate::host::Context;

const NEXT: &str = "/2018-06-01/runtime/invocation/next";
const RESTORE_NEXT: &str = "/2018-06-01/runtime/restore/next";
const INIT_ERROR: &str = "/2018-06-01/runtime/init/error";

const REQUEST_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-request-id");
const DEADLINE: HeaderName = HeaderName::from_static("lambda-runtime-deadline-ms");
const FUNCTION_ARN: HeaderName = HeaderName::from_static("lambda-runtime-invoked-function-arn");
const TRACE_ID: HeaderName = HeaderName::from_static("lambda-runtime-trace-id");
/// Given back with the answer, where it came with the event.
const INVOCATION_ID: HeaderName = HeaderName::from_static("lambda-runtime-invocation-id");
/// Tells Lambda the type of an error.
const ERROR_TYPE: HeaderName = HeaderName::from_static("lambda-runtime-function-error-type");

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// How often a POST is tried in all, and the pause before the second try; it doubles.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(20);

/// A client of the Runtime API with one connection: each that answers events has one of its own.
pub(crate) struct RuntimeApi(Connection);

/// One invocation.
pub(crate) struct Invocation {
    /// What Lambda says about it.
    pub(crate) context: Context,
    /// The event, as it came.
    pub(crate) event: Bytes,
    /// To whom the answer goes.
    pub(crate) receipt: Receipt,
}

/// What an answer needs of its invocation.
pub(crate) struct Receipt {
    request_id: String,
    invocation_id: Option<HeaderValue>,
}

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
        Self(Connection::new(endpoint))
    }

    /// Waits for the next event, however long that takes.
    ///
    /// # Errors
    /// The connection breaks, or what comes is no event.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Invocation> {
        let response = self.0.get(NEXT).await?;
        let (parts, event) = response.into_parts();
        invocation(&parts.headers, event)
    }

    /// Waits until the process has been restored from a snapshot. Its connections are those of another life by then.
    ///
    /// # Errors
    /// The Runtime API refuses, or the connection breaks.
    pub(crate) async fn restored(&mut self) -> anyhow::Result<()> {
        self.0.get(RESTORE_NEXT).await?;
        Ok(())
    }

    /// The reply to one invocation.
    pub(crate) async fn response(&mut self, receipt: &Receipt, json: Bytes) -> anyhow::Result<()> {
        self.post(&receipt.path("response"), receipt.headers(), json).await
    }

    /// The failure of one invocation.
    pub(crate) async fn error(&mut self, receipt: &Receipt, kind: &str, message: &str) -> anyhow::Result<()> {
        self.report(&receipt.path("error"), receipt.headers(), kind, message).await
    }

    /// The failure of the start.
    pub(crate) async fn init_error(&mut self, kind: &str, message: &str) -> anyhow::Result<()> {
        self.report(INIT_ERROR, HeaderMap::new(), kind, message).await
    }

    async fn report(&mut self, path: &str, mut headers: HeaderMap, kind: &str, message: &str) -> anyhow::Result<()> {
        let report = ErrorReport { error_type: kind, error_message: message, stack_trace: [] };
        headers.insert(ERROR_TYPE, HeaderValue::from_str(kind)?);
        self.post(path, headers, serde_json::to_vec(&report)?.into()).await
    }

    /// Tries again when the connection fails, or the Runtime API says that the fault is on its side.
    async fn post(&mut self, path: &str, mut headers: HeaderMap, body: Bytes) -> anyhow::Result<()> {
        headers.insert(CONTENT_TYPE, JSON);
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.0.call(&Method::POST, path, headers.clone(), body.clone()).await {
                Ok(answer) if !answer.status().is_server_error() => {
                    return accepted(&Method::POST, path, answer.status());
                }
                Ok(_) | Err(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        accepted(&Method::POST, path, self.0.call(&Method::POST, path, headers, body).await?.status())
    }
}

impl Receipt {
    fn path(&self, end: &str) -> String {
        format!("/2018-06-01/runtime/invocation/{}/{end}", self.request_id)
    }

    fn headers(&self) -> HeaderMap {
        self.invocation_id.iter().map(|id| (INVOCATION_ID, id.clone())).collect()
    }
}

fn invocation(headers: &HeaderMap, event: Bytes) -> anyhow::Result<Invocation> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let request_id = text(REQUEST_ID).with_context(|| missing(&REQUEST_ID))?.to_owned();
    let deadline_ms = text(DEADLINE).and_then(|value| u64::from_str(value).ok()).with_context(|| missing(&DEADLINE))?;
    let receipt = Receipt { request_id: request_id.clone(), invocation_id: headers.get(INVOCATION_ID).cloned() };
    let context = Context {
        request_id,
        deadline_ms,
        trace_id: text(TRACE_ID).map(str::to_owned),
        function_arn: text(FUNCTION_ARN).unwrap_or_default().to_owned(),
    };
    Ok(Invocation { context, event, receipt })
}

fn missing(header: &HeaderName) -> String {
    format!("the Runtime API gave an event without a usable {header}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: (HeaderName, &str) = (REQUEST_ID, "8476a536");

    fn read(headers: &[(HeaderName, &'static str)]) -> anyhow::Result<Invocation> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        invocation(&headers, Bytes::from_static(b"{}"))
    }

    #[test]
    fn what_lambda_says_of_an_event() {
        let arn = "arn:aws:lambda:eu-north-1:111122223333:function:shop";
        let trace = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1";
        let all = [ID, (DEADLINE, "1542409706888"), (FUNCTION_ARN, arn), (TRACE_ID, trace)];
        let context = read(&all).unwrap().context;
        assert_eq!((context.request_id.as_str(), context.deadline_ms), ("8476a536", 1_542_409_706_888));
        assert_eq!((context.function_arn.as_str(), context.trace_id.as_deref()), (arn, Some(trace)));
        assert_eq!(read(&all[..2]).unwrap().context.trace_id, None);
        for short in [&all[..1], &all[1..]] {
            assert!(read(short).is_err());
        }
    }

    #[test]
    fn the_invocation_id_goes_back_with_the_answer() {
        let with = read(&[ID, (DEADLINE, "1"), (INVOCATION_ID, "a1b2")]).unwrap().receipt;
        assert_eq!(with.path("response"), "/2018-06-01/runtime/invocation/8476a536/response");
        assert_eq!(with.headers().get(INVOCATION_ID).unwrap(), "a1b2");
        assert!(read(&[ID, (DEADLINE, "1")]).unwrap().receipt.headers().is_empty());
    }
}
