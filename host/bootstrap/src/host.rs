//! An event in, one answer out.

use std::any::Any;
use std::fmt::Display;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use funcserver_engine::{Answer, Call, Facts, Guest};
use funcserver_events::alb::{self, DecodeError, EncodeError, HeaderMode, Incoming, ReplyForm, ReplyOptions};
use futures_util::FutureExt;
use http::Response;
use http::uri::PathAndQuery;

use crate::config::{Config, Fail};
use crate::facts;
use crate::failure::Kind;
use crate::log::{Log, Value};
use crate::metrics::Metrics;
use crate::request_log::RequestLog;
use crate::warm_up::warm_up;

/// The error type of an invocation whose event is none of a load balancer.
const NOT_HTTP: &str = "Funcserver.NotHttp";
/// How the error type of a fault begins that is reported as an invocation error; the kind follows.
const FAULT: &str = "Funcserver.Fault.";
/// The error type of an invocation for which not even an error reply can be made.
const NO_REPLY: &str = "Funcserver.NoReply";

/// Said once a process: AWS promises nothing about it.
const COOKIES: &str = "several cookies go out as set-cookie in variants of letter case, as the target group has \
                       single-value headers; multi-value headers need no such help, alb.cookie-variants = false ends it";

const COOKIES_LOST: &str = "cookies are lost: single-value headers carry one, unless alb.cookie-variants = true; \
                            multi-value headers of the target group carry all";

/// A component and all that is needed to answer events with it. Clones share it.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    guest: Guest,
    log: Log,
    margin: Duration,
    timeout: Option<Duration>,
    trusted_hops: usize,
    reply: ReplyOptions,
    fail: Fail,
    metrics: Metrics,
    warmup: Option<PathAndQuery>,
    /// Whether the log has said that cookies go out in variants of letter case.
    told_of_cookies: AtomicBool,
}

/// What the Runtime API says about an invocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Lambda's id of the request.
    pub request_id: String,
    /// When Lambda ends the invocation, in milliseconds since the Unix epoch.
    pub deadline_ms: u64,
    /// The X-Ray trace header.
    pub trace_id: Option<String>,
    /// The ARN by which the function was invoked.
    pub function_arn: String,
}

/// What an invocation ends with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A reply for the load balancer, error replies included.
    Reply {
        /// The reply as JSON.
        json: Bytes,
        /// Where the time went.
        times: Times,
    },
    /// An invocation error: the event was no HTTP event, or the handler failed and `limits.fail` asks for this.
    Error {
        /// Lambda's `errorType`.
        kind: String,
        /// Lambda's `errorMessage`.
        message: String,
    },
}

/// Where the time of an invocation went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// From the event to the request.
    pub decode: Duration,
    /// From the request to the response: the guest.
    pub guest: Duration,
    /// From the response to the reply.
    pub encode: Duration,
}

/// Work that goes on once the answer is sent. Dropping it ends the work.
#[must_use = "work after the reply is lost unless it is finished"]
#[derive(Default)]
pub struct After {
    guest: funcserver_engine::After,
    log: Option<RequestLog>,
}

impl After {
    /// Does the work, until its end or the deadline; what goes wrong in it is logged.
    pub async fn finish(self) {
        let fault = AssertUnwindSafe(self.guest.finish()).catch_unwind().await;
        let (Some(log), Ok(Some(fault))) = (self.log, fault) else { return };
        log.scope().warn("the handler failed after its answer", &[("error", Value::Shown(&fault))]);
    }
}

impl Host {
    /// A host for that guest. The guest has its limits already; `config` gives the rest.
    #[must_use]
    pub fn new(guest: Guest, config: &Config, log: Log) -> Self {
        Self(Arc::new(Inner {
            guest,
            log,
            margin: config.limits.deadline_margin,
            timeout: config.limits.timeout,
            trusted_hops: config.alb.trusted_hops,
            reply: ReplyOptions {
                cookie_case_variants: config.alb.cookie_variants,
                max_reply: config.limits.max_reply,
                ..ReplyOptions::default()
            },
            fail: config.limits.fail,
            metrics: Metrics::new(config.log.metrics),
            warmup: config.component.warmup.clone(),
            told_of_cookies: AtomicBool::new(false),
        }))
    }

    /// Has the component answer the request that `component.warmup` asks for, if it does. To be called before the first
    /// event, and before a snapshot is taken. What goes wrong with it is a line in the log.
    pub async fn warm_up(&self) {
        if let Some(path) = &self.0.warmup {
            let log = RequestLog::of_no_request(self.0.log.clone());
            // A panic has been logged where it happened.
            let _ = AssertUnwindSafe(warm_up(&self.0.guest, path, &log)).catch_unwind().await;
        }
    }

    /// Forgets what does not outlive a snapshot of the process.
    pub(crate) fn restored(&self) {
        self.0.guest.restored();
    }

    /// Answers one event. Total: whatever the event holds and the guest does, there is exactly one answer, no later than
    /// the deadline less the configured margin.
    pub async fn invoke(&self, event: Bytes, context: Context) -> (Outcome, After) {
        let log = RequestLog::new(self.0.log.clone(), context.request_id.clone());
        let answered = AssertUnwindSafe(self.0.answer(event, context, &log)).catch_unwind().await;
        answered.unwrap_or_else(|panic| {
            let text = panic_text(&*panic);
            log.scope().error("the host failed; this is an error in funcserver", &[("error", (&text).into())]);
            let outcome = self.0.reply_of_ours(Kind::Host, ReplyForm::default(), log.id(), Times::default());
            (outcome, After::default())
        })
    }
}

impl Inner {
    async fn answer(&self, event: Bytes, context: Context, log: &RequestLog) -> (Outcome, After) {
        let started = Instant::now();
        let deadline = self.deadline(started, context.deadline_ms);
        let mut times = Times::default();
        let incoming = match alb::decode(&event, self.trusted_hops) {
            Ok(incoming) => incoming,
            Err(error) => return (self.refused(&error, log), After::default()),
        };
        drop(event);
        let Incoming { mut request, reply: form, target_group_arn, client } = incoming;
        let facts = Facts {
            request_id: context.request_id,
            deadline_ms: context.deadline_ms,
            trace_id: context.trace_id,
            function_arn: context.function_arn,
            target_group_arn,
            multi_value_headers: form.mode == HeaderMode::Multi,
            client_address: client,
        };
        facts::insert(request.headers_mut(), &facts);
        times.decode = started.elapsed();

        let call = Call { facts, deadline, output: Arc::new(log.clone()) };
        let Answer { result, after } = self.guest.handle(request, call).await;
        times.guest = started.elapsed() - times.decode;

        let outcome = match result {
            Ok(response) => self.reply(&response, form, times, log),
            Err(fault) => {
                let kind = Kind::from(&fault);
                log.scope()
                    .error("the handler failed", &[("kind", kind.name().into()), ("error", Value::Shown(&fault))]);
                self.failed(kind, &fault, form, times, log)
            }
        };
        (outcome, After { guest: after, log: Some(log.clone()) })
    }

    /// Lambda's deadline less the margin, or an earlier one of our own.
    fn deadline(&self, now: Instant, deadline_ms: u64) -> Instant {
        let lambda = SystemTime::UNIX_EPOCH + Duration::from_millis(deadline_ms);
        let left = lambda.duration_since(SystemTime::now()).unwrap_or_default().saturating_sub(self.margin);
        now + self.timeout.map_or(left, |timeout| timeout.min(left))
    }

    fn refused(&self, error: &DecodeError, log: &RequestLog) -> Outcome {
        match error {
            DecodeError::NotHttp { .. } => {
                let message = error.to_string();
                log.scope().error(&message, &[("errorType", NOT_HTTP.into())]);
                Outcome::Error { kind: NOT_HTTP.to_owned(), message }
            }
            DecodeError::Invalid { reply, at, reason } => {
                let fields = [("at", at.as_str().into()), ("error", reason.as_str().into())];
                log.scope().error("the event is invalid", &fields);
                self.reply_of_ours(Kind::BadEvent, *reply, log.id(), Times::default())
            }
        }
    }

    fn reply(&self, response: &Response<Bytes>, form: ReplyForm, mut times: Times, log: &RequestLog) -> Outcome {
        let started = Instant::now();
        let encoded = alb::encode(response, form, &self.reply);
        times.encode = started.elapsed();
        match encoded {
            Ok(reply) => {
                if reply.cookie_variants && !self.told_of_cookies.swap(true, Ordering::Relaxed) {
                    log.scope().info(COOKIES, &[]);
                }
                if reply.cookies_lost > 0 {
                    log.scope().warn(COOKIES_LOST, &[("cookies", reply.cookies_lost.into())]);
                }
                Outcome::Reply { json: reply.json.into(), times }
            }
            Err(error) => {
                let kind = kind_of(&error);
                log.scope().error(
                    "the handler's answer cannot be sent",
                    &[("kind", kind.name().into()), ("error", Value::Shown(&error))],
                );
                self.failed(kind, &error, form, times, log)
            }
        }
    }

    /// What becomes of a request whose handler has failed, or answered what cannot be sent.
    fn failed(&self, kind: Kind, error: &dyn Display, form: ReplyForm, times: Times, log: &RequestLog) -> Outcome {
        self.metrics.count(kind, log.id());
        match self.fail {
            Fail::Reply => self.reply_of_ours(kind, form, log.id(), times),
            Fail::Error => Outcome::Error { kind: format!("{FAULT}{}", kind.name()), message: error.to_string() },
        }
    }

    fn reply_of_ours(&self, kind: Kind, form: ReplyForm, request_id: &str, times: Times) -> Outcome {
        match alb::encode(&kind.response(request_id), form, &ReplyOptions::default()) {
            Ok(reply) => Outcome::Reply { json: reply.json.into(), times },
            Err(error) => Outcome::Error { kind: NO_REPLY.to_owned(), message: error.to_string() },
        }
    }
}

fn kind_of(error: &EncodeError) -> Kind {
    match error {
        EncodeError::Status { .. } => Kind::Status,
        EncodeError::Headers { .. } => Kind::HeadersTooLarge,
        EncodeError::Reply { .. } => Kind::ReplyTooLarge,
        EncodeError::Length { .. } => Kind::Length,
        EncodeError::Cookies { .. } => Kind::Cookies,
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without text").to_owned()
}
