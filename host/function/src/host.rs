//! Answers events: each event has exactly one answer.

use std::sync::Arc;

use bytes::Bytes;
use funcserver_engine::{Call, Fault, Guest, WholeAnswer};
use funcserver_events::{EncodeError, Event, Form, FrontOptions, Incoming, InvalidEvent, NotHttp, decode};
use http::Response;
use http::uri::PathAndQuery;

use crate::after::After;
use crate::caught::{Panic, caught};
use crate::config::{Config, Fail};
use crate::facts::{self, FrontHeaders};
use crate::failure::Kind;
use crate::invocation::{Context, Front, Invocation, Margins};
use crate::log::Log;
use crate::metrics::Metrics;
use crate::observer::{Observer, Observers, Step};
use crate::report::Report;
use crate::request_log::RequestLog;
use crate::warm_up::warm_up;

/// The error type of an invocation whose event is not an HTTP request.
const NOT_HTTP: &str = "Funcserver.NotHttp";
/// The error type of an invocation whose event could not be read completely.
const NOT_READ: &str = "Funcserver.NotRead";
/// The prefix of the error type for a fault that is reported as an invocation error. The kind follows.
const FAULT: &str = "Funcserver.Fault.";
/// The error type of an invocation for which even an error reply cannot be created.
const NO_REPLY: &str = "Funcserver.NoReply";

/// A component and everything needed to answer events with it. Clones share it.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    guest: Guest,
    log: Log,
    observers: Observers,
    margins: Margins,
    front: FrontOptions,
    fail: Fail,
    warmup: Option<PathAndQuery>,
}

/// The end of an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A reply for the front end, as JSON. This includes error replies.
    Reply(Bytes),
    /// An invocation error: the event was not an HTTP event, or the handler failed and `limits.fail` asks for an error.
    Error {
        /// Lambda's `errorType`.
        kind: String,
        /// Lambda's `errorMessage`.
        message: String,
    },
}

impl Host {
    /// A host for a guest. The guest has its limits already; `config` provides the other settings.
    #[must_use]
    pub fn new(guest: Guest, config: &Config, log: Log) -> Self {
        Self::observed(guest, config, log, Vec::new())
    }

    /// A host that reports its invocations to `others`, besides log and metrics.
    #[must_use]
    pub fn observed(guest: Guest, config: &Config, log: Log, others: Vec<Box<dyn Observer>>) -> Self {
        let mut observers: Vec<Box<dyn Observer>> = vec![Box::new(RequestLog::new(log.clone()))];
        if config.log.metrics {
            observers.push(Box::new(Metrics));
        }
        observers.extend(others);
        Self(Arc::new(Inner {
            guest,
            log,
            observers: observers.into(),
            margins: Margins { margin: config.limits.deadline_margin, timeout: config.limits.timeout },
            front: FrontOptions {
                trusted_hops: config.alb.trusted_hops,
                cookie_case_variants: config.alb.cookie_variants,
                max_reply: config.limits.max_reply,
            },
            fail: config.limits.fail,
            warmup: config.component.warmup.clone(),
        }))
    }

    /// If `component.warmup` is set, lets the component answer that request. Call it before the first event, and before
    /// a snapshot is taken. Failures are logged.
    pub async fn warm_up(&self) {
        let Inner { guest, log, observers, warmup, .. } = &*self.0;
        if let Some(path) = warmup
            && let Err(panic) = caught(warm_up(guest, path, log, observers.clone())).await
        {
            panic.log(log.host(), "the host failed in the warm-up; this is an error in funcserver");
        }
    }

    /// Drops everything that must not be used after a snapshot of the process.
    pub fn restored(&self) {
        self.0.guest.restored();
    }

    /// Creates an invocation that arrives now.
    #[must_use]
    pub fn invocation(&self, context: Context) -> Arc<Invocation> {
        Arc::new(Invocation::new(context, self.0.margins, self.0.observers.clone()))
    }

    /// Answers one event. This always gives exactly one answer, for every event and every behaviour of the guest. The
    /// answer is ready when it is due, unless something blocks the thread.
    pub async fn invoke(&self, event: Bytes, invocation: &Arc<Invocation>) -> (Outcome, After) {
        // Boxed, so that the whole future is small where it is moved.
        let (ended, guest) = match caught(Box::pin(self.0.answer(event, invocation))).await {
            Ok(answered) => answered,
            Err(panic) => (self.0.panicked(&panic, invocation), funcserver_engine::After::default()),
        };
        ended.with(guest, invocation)
    }

    /// The answer to an overdue event that a worker is still handling: the fault of a handler that did not answer in
    /// time.
    pub fn overdue(&self, invocation: &Arc<Invocation>) -> (Outcome, After) {
        let fault = Fault::Deadline;
        let message = fault.to_string();
        self.0.handler_failed(fault, message, invocation).with(funcserver_engine::After::default(), invocation)
    }

    /// The answer to an event that could not be read completely.
    pub fn not_read(&self, message: String, invocation: &Arc<Invocation>) -> (Outcome, After) {
        not_answered(NOT_READ, message).with(funcserver_engine::After::default(), invocation)
    }
}

/// The outcome of an invocation, and the report about it.
struct Ended {
    outcome: Outcome,
    report: Option<Report>,
}

impl Ended {
    fn with(self, guest: funcserver_engine::After, invocation: &Arc<Invocation>) -> (Outcome, After) {
        (self.outcome, After::new(guest, self.report, invocation))
    }
}

impl Inner {
    async fn answer(&self, event: Bytes, invocation: &Arc<Invocation>) -> (Ended, funcserver_engine::After) {
        let incoming = match decode(&event, &self.front) {
            Ok(Event::Http(incoming)) => incoming,
            Ok(Event::Other { source, .. }) => {
                let ended = not_answered(NOT_HTTP, NotHttp(source).to_string());
                return (ended, funcserver_engine::After::default());
            }
            Err(error) => return (refused(error, invocation), funcserver_engine::After::default()),
        };
        drop(event);
        let Incoming { mut request, form, target_group_arn, client, request_context } = incoming;
        invocation.read(Front { form, target_group_arn, client });
        let tenant = invocation.context().tenant_id.as_deref();
        facts::insert(request.headers_mut(), &invocation.facts(), FrontHeaders { request_context, tenant });

        let limit = form.limits().reply.min(self.front.max_reply);
        let answer = self.guest.handle(request, invocation.clone()).await;
        let WholeAnswer { result, after } = answer.whole(limit).await;
        let ended = match result {
            Ok(response) => self.reply(&response, form, invocation),
            Err(fault) => {
                let message = invocation.message(&fault);
                self.handler_failed(fault, message, invocation)
            }
        };
        (ended, after)
    }

    fn reply(&self, response: &Response<Bytes>, form: Form, invocation: &Invocation) -> Ended {
        match form.encode(response, &self.front) {
            Ok(reply) => {
                invocation.tell(&Step::Encoded(reply.json.len()));
                let (variants, lost) = (reply.cookie_variants, reply.cookies_lost);
                Ended {
                    outcome: Outcome::Reply(reply.json.into()),
                    report: (variants || lost > 0).then_some(Report::Cookies { variants, lost }),
                }
            }
            Err(error) => {
                self.failed(kind_of(&error), "the handler's answer cannot be sent", error.to_string(), invocation)
            }
        }
    }

    fn panicked(&self, panic: &Panic, invocation: &Invocation) -> Ended {
        let message = "the host failed; this is an error in funcserver";
        self.failed(Kind::Host, message, panic.to_string(), invocation)
    }

    fn handler_failed(&self, fault: Fault, message: String, invocation: &Invocation) -> Ended {
        let outcome = self.outcome(Kind::from(&fault), &message, invocation);
        Ended { outcome, report: Some(Report::Handler { fault, message }) }
    }

    fn failed(&self, kind: Kind, message: &'static str, error: String, invocation: &Invocation) -> Ended {
        let outcome = self.outcome(kind, &error, invocation);
        Ended { outcome, report: Some(Report::Failed { kind, message, error }) }
    }

    /// The outcome of an event whose handler failed, or gave an answer that cannot be sent.
    fn outcome(&self, kind: Kind, error: &str, invocation: &Invocation) -> Outcome {
        match self.fail {
            Fail::Reply => reply_of_ours(kind, invocation.form(), invocation.id()),
            Fail::Error => Outcome::Error { kind: format!("{FAULT}{}", kind.name()), message: error.to_owned() },
        }
    }
}

fn refused(event: InvalidEvent, invocation: &Invocation) -> Ended {
    let InvalidEvent { form, at, reason } = event;
    let outcome = reply_of_ours(Kind::BadEvent, form, invocation.id());
    Ended { outcome, report: Some(Report::BadEvent { at, reason }) }
}

fn not_answered(kind: &'static str, message: String) -> Ended {
    let outcome = Outcome::Error { kind: kind.to_owned(), message: message.clone() };
    Ended { outcome, report: Some(Report::NotAnswered { kind, message }) }
}

fn reply_of_ours(kind: Kind, form: Form, request_id: &str) -> Outcome {
    match form.encode(&kind.response(request_id), &FrontOptions::default()) {
        Ok(reply) => Outcome::Reply(reply.json.into()),
        Err(error) => Outcome::Error { kind: NO_REPLY.to_owned(), message: error.to_string() },
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
