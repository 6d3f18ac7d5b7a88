//! Lambda's Runtime API: it provides events, and receives answers and the error of a failed start or
//! restore.
//!
//! Source: AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes".

use std::pin::pin;
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, TRAILER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde::Serialize;

use crate::connection::{Connection, accepted};
use crate::post_body::PostBody;
use crate::timer::Timer;
use funcserver_function::log::clean;
use funcserver_function::{Claim, Context, Invocation, Outcome, StreamError, StreamedReply};

const NEXT: &str = "/2018-06-01/runtime/invocation/next";
const RESTORE_NEXT: &str = "/2018-06-01/runtime/restore/next";
const RESTORE_ERROR: &str = "/2018-06-01/runtime/restore/error";
const INIT_ERROR: &str = "/2018-06-01/runtime/init/error";

const REQUEST_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-request-id");
const DEADLINE: HeaderName = HeaderName::from_static("lambda-runtime-deadline-ms");
const FUNCTION_ARN: HeaderName = HeaderName::from_static("lambda-runtime-invoked-function-arn");
const TRACE_ID: HeaderName = HeaderName::from_static("lambda-runtime-trace-id");
/// A header of an event that is returned with the answer, if present.
const INVOCATION_ID: HeaderName = HeaderName::from_static("lambda-runtime-invocation-id");
/// The tenant, where Lambda gives each its own execution environments.
const TENANT_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-tenant-id");
/// The header with the type of an error.
const ERROR_TYPE: HeaderName = HeaderName::from_static("lambda-runtime-function-error-type");

/// The trailer with the error as JSON in base64.
const ERROR_BODY: HeaderName = HeaderName::from_static("lambda-runtime-function-error-body");
/// The announcement of both.
const ANNOUNCED: HeaderValue =
    HeaderValue::from_static("lambda-runtime-function-error-type, lambda-runtime-function-error-body");
/// The header that says that the reply is streamed.
const RESPONSE_MODE: HeaderName = HeaderName::from_static("lambda-runtime-function-response-mode");

/// The longest message in a trailer, in bytes.
const LONGEST_MESSAGE: usize = 2048;

/// The longest request id, in bytes.
const LONGEST_ID: usize = 256;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// The largest event that is read. Lambda's limit is 6 MB; 8 MiB leaves room if Lambda measures it differently.
const MAX_EVENT: usize = 8 << 20;
/// The largest answer of which only the status is used, and the time limit for reading the rest of it.
const MAX_ANSWER: usize = 64 * 1024;
const REST: Duration = Duration::from_secs(1);
/// How often a POST is attempted in total, and the pause before the second attempt. The pause doubles each time.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(20);
/// The minimum time for sending an answer, even if Lambda's deadline has passed by this machine's clock.
pub(crate) const MIN_TIME: Duration = Duration::from_millis(250);
/// The time for reporting a failed start or restore. Lambda gives each ten seconds.
const REPORT: Duration = Duration::from_secs(5);

/// A client of the Runtime API with one connection. Each worker has its own client.
pub(crate) struct RuntimeApiClient {
    connection: Connection,
    timer: Timer,
}

/// The body of an error report.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorReport<'a> {
    error_type: &'a str,
    error_message: &'a str,
    stack_trace: [&'a str; 0],
}

impl<'a> ErrorReport<'a> {
    fn new(kind: &'a str, message: &'a str) -> Self {
        Self { error_type: kind, error_message: message, stack_trace: [] }
    }
}

impl RuntimeApiClient {
    pub(crate) fn new(endpoint: &Uri) -> Self {
        Self { connection: Connection::new(endpoint), timer: Timer::new() }
    }

    /// Waits for the next event without a time limit, and reads its headers. [`RuntimeApiClient::event`] reads its
    /// body.
    ///
    /// # Errors
    /// The connection breaks, or the answer is not an event.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Context> {
        let head = self.connection.call(&Method::GET, NEXT, HeaderMap::new(), PostBody::empty()).await?;
        accepted(&Method::GET, NEXT, head.status)?;
        context(&head.headers)
    }

    /// Reads the body of the current event, until `until` at the latest.
    ///
    /// # Errors
    /// The body is larger than 8 MiB, the connection breaks, or the body is not complete by `until`.
    pub(crate) async fn event(&mut self, until: Instant) -> anyhow::Result<Bytes> {
        let event = pin!(self.connection.rest(MAX_EVENT));
        self.timer.within(until, event).await.context("the event did not come whole in time")?
    }

    /// Waits until the process has been restored from a snapshot. Connections from before the snapshot are then
    /// invalid.
    ///
    /// # Errors
    /// The Runtime API rejects it, or the connection breaks.
    pub(crate) async fn restored(&mut self) -> anyhow::Result<()> {
        let head = self.connection.call(&Method::GET, RESTORE_NEXT, HeaderMap::new(), PostBody::empty()).await?;
        accepted(&Method::GET, RESTORE_NEXT, head.status)
    }

    /// Sends the answer to an invocation, by Lambda's deadline at the latest. The claim is consumed even if this fails:
    /// an answer that stalled may have arrived, so no second answer may be sent.
    ///
    /// # Errors
    /// The Runtime API rejects the answer, does not accept it in time, or cannot be reached.
    pub(crate) async fn answer(&mut self, _: Claim, to: &Invocation, outcome: Outcome) -> anyhow::Result<()> {
        let until = to.ends().max(Instant::now() + MIN_TIME);
        let headers = to.context().invocation_id.iter().map(|id| (INVOCATION_ID, id.clone())).collect();
        match outcome {
            Outcome::Reply(json) => self.post(&path(to, "response"), headers, json, until).await,
            // Boxed, so that a future for whole replies stays small.
            Outcome::Stream(reply) => Box::pin(self.stream(&path(to, "response"), headers, reply, until)).await,
            Outcome::Error { kind, message } => self.report(&path(to, "error"), headers, &kind, &message, until).await,
        }
    }

    /// Reports the error of a failed start.
    pub(crate) async fn init_error(&mut self, kind: &str, message: &str) -> anyhow::Result<()> {
        self.report(INIT_ERROR, HeaderMap::new(), kind, message, Instant::now() + REPORT).await
    }

    /// Reports that a copy of a snapshot cannot serve.
    pub(crate) async fn restore_error(&mut self, kind: &str, message: &str) -> anyhow::Result<()> {
        self.report(RESTORE_ERROR, HeaderMap::new(), kind, message, Instant::now() + REPORT).await
    }

    async fn report(
        &mut self,
        path: &str,
        mut headers: HeaderMap,
        kind: &str,
        message: &str,
        until: Instant,
    ) -> anyhow::Result<()> {
        let message = clean(message);
        let report = ErrorReport::new(kind, &message);
        headers.insert(ERROR_TYPE, HeaderValue::from_str(kind)?);
        self.post(path, headers, serde_json::to_vec(&report)?.into(), until).await
    }

    /// Sends a reply while the handler writes it, and closes the connection. A failure of the handler becomes the
    /// trailers. There is no second attempt, because the pieces are gone.
    async fn stream(
        &mut self,
        path: &str,
        mut headers: HeaderMap,
        reply: Box<StreamedReply>,
        until: Instant,
    ) -> anyhow::Result<()> {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(StreamedReply::CONTENT_TYPE));
        headers.insert(RESPONSE_MODE, HeaderValue::from_static("streaming"));
        headers.insert(TRAILER, ANNOUNCED);
        let (body, ended) = PostBody::pieces(reply, trailers);
        let sent = {
            let sent = pin!(async {
                let head = self.connection.call(&Method::POST, path, headers, body).await?;
                accepted(&Method::POST, path, head.status)?;
                self.connection.send_to_end(ended).await;
                anyhow::Ok(())
            });
            self.timer.within(until, sent).await
        };
        self.connection.close();
        sent.with_context(|| late(path))?
    }

    /// Sends a POST. It is attempted again if the connection fails or the status is 5xx. Any other error status is
    /// final.
    async fn post(&mut self, path: &str, mut headers: HeaderMap, body: Bytes, until: Instant) -> anyhow::Result<()> {
        headers.insert(CONTENT_TYPE, JSON);
        let mut pause = PAUSE;
        let mut tries = 1;
        loop {
            let answer = {
                let call =
                    pin!(self.connection.call(&Method::POST, path, headers.clone(), PostBody::whole(body.clone())));
                self.timer.within(until, call).await.with_context(|| late(path))?
            };
            let failed = match answer {
                Ok(head) if !head.status.is_server_error() => {
                    // Only the status of the answer matters, but the connection can be reused only if the body was
                    // read.
                    let rest = pin!(self.connection.rest(MAX_ANSWER));
                    let _ = self.timer.within(Instant::now() + REST, rest).await;
                    return accepted(&Method::POST, path, head.status);
                }
                Ok(head) => accepted(&Method::POST, path, head.status),
                Err(error) => Err(error),
            };
            if tries == TRIES || Instant::now() + pause >= until {
                return failed;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            tries += 1;
        }
    }
}

fn late(path: &str) -> String {
    format!("the Runtime API has not taken POST {path} in time")
}

/// The trailers of a streamed reply that broke off. The message is shortened, because it becomes a header.
fn trailers(error: &StreamError) -> HeaderMap {
    let message = clean(&error.message);
    let message = &message[..message.floor_char_boundary(LONGEST_MESSAGE)];
    let report = serde_json::to_vec(&ErrorReport::new(&error.kind, message)).unwrap_or_default();
    let values = [(ERROR_TYPE, error.kind.clone()), (ERROR_BODY, STANDARD.encode(report))];
    let headers = values.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::try_from(value).ok()?)));
    headers.collect()
}

fn path(to: &Invocation, end: &str) -> String {
    format!("/2018-06-01/runtime/invocation/{}/{end}", to.id())
}

fn context(headers: &HeaderMap) -> anyhow::Result<Context> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    Ok(Context {
        request_id: text(REQUEST_ID).filter(|id| is_id(id)).with_context(|| missing(&REQUEST_ID))?.to_owned(),
        deadline_ms: text(DEADLINE).and_then(|value| u64::from_str(value).ok()).with_context(|| missing(&DEADLINE))?,
        trace_id: text(TRACE_ID).map(str::to_owned),
        function_arn: text(FUNCTION_ARN).unwrap_or_default().to_owned(),
        invocation_id: headers.get(INVOCATION_ID).cloned(),
        tenant_id: text(TENANT_ID).map(str::to_owned),
    })
}

/// Whether the id is safe in a path and in the log. Lambda's own ids are UUIDs.
fn is_id(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:@+=".contains(&byte);
    (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(is_plain) && id.bytes().any(|byte| byte != b'.')
}

fn missing(header: &HeaderName) -> String {
    format!("the Runtime API gave an event without a usable {header}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: (HeaderName, &str) = (REQUEST_ID, "8476a536");

    fn read(headers: &[(HeaderName, &'static str)]) -> anyhow::Result<Context> {
        context(&headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect())
    }

    #[test]
    fn the_headers_of_an_event_become_its_context() {
        let arn = "arn:aws:lambda:eu-north-1:111122223333:function:shop";
        let trace = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1";
        let all = [
            ID,
            (DEADLINE, "1542409706888"),
            (FUNCTION_ARN, arn),
            (TRACE_ID, trace),
            (INVOCATION_ID, "a1b2"),
            (TENANT_ID, "blue"),
        ];
        let context = read(&all).unwrap();
        assert_eq!((context.request_id.as_str(), context.deadline_ms), ("8476a536", 1_542_409_706_888));
        assert_eq!((context.function_arn.as_str(), context.trace_id.as_deref()), (arn, Some(trace)));
        assert_eq!(context.invocation_id.unwrap(), "a1b2");
        assert_eq!(context.tenant_id.as_deref(), Some("blue"));
        let least = read(&all[..2]).unwrap();
        assert_eq!((least.trace_id, least.invocation_id, least.tenant_id), (None, None, None));
        for short in [&all[..1], &all[1..]] {
            assert!(read(short).is_err());
        }
        for id in ["", "..", "../../next", "a b", "a\tINFO", "a?b", "a%2f"] {
            assert!(read(&[(REQUEST_ID, id), (DEADLINE, "1")]).is_err(), "{id}");
        }
    }
}
