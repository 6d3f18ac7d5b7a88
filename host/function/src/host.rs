//! An event in, one answer out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use funcserver_engine::{Answer, Call, Facts, Fault, Guest};
use funcserver_events::{EncodeError, Event, Form, FrontOptions, Incoming, InvalidEvent, NotHttp, decode};
use http::Response;
use http::uri::PathAndQuery;

use crate::after::After;
use crate::caught::{Panic, caught};
use crate::config::{Config, Fail};
use crate::facts;
use crate::failure::Kind;
use crate::invocation::{Context, Invocation, Margins};
use crate::log::Log;
use crate::metrics::Metrics;
use crate::report::Report;
use crate::request_log::RequestLog;
use crate::warm_up::warm_up;

/// The error type of an invocation whose event is no request.
const NOT_HTTP: &str = "Funcserver.NotHttp";
/// The error type of an invocation whose event did not come whole.
const NOT_READ: &str = "Funcserver.NotRead";
/// How the error type of a fault begins that is reported as an invocation error; the kind follows.
const FAULT: &str = "Funcserver.Fault.";
/// The error type of an invocation for which not even an error reply can be made.
const NO_REPLY: &str = "Funcserver.NoReply";

/// A component and all that is needed to answer events with it. Clones share it.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    guest: Guest,
    log: Log,
    margins: Margins,
    front: FrontOptions,
    fail: Fail,
    metrics: Metrics,
    warmup: Option<PathAndQuery>,
    /// Whether the log has said that cookies go out in variants of letter case.
    told_of_cookies: AtomicBool,
}

/// What an invocation ends with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A reply for the front, error replies included.
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

impl Host {
    /// A host for that guest. The guest has its limits already; `config` gives the rest.
    #[must_use]
    pub fn new(guest: Guest, config: &Config, log: Log) -> Self {
        Self(Arc::new(Inner {
            guest,
            log,
            margins: Margins { margin: config.limits.deadline_margin, timeout: config.limits.timeout },
            front: FrontOptions {
                trusted_hops: config.alb.trusted_hops,
                cookie_case_variants: config.alb.cookie_variants,
                max_reply: config.limits.max_reply,
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
            if let Err(panic) = caught(warm_up(&self.0.guest, path, &log)).await {
                panic.log(log.scope(), "the host failed in the warm-up; this is an error in funcserver");
            }
        }
    }

    /// Forgets what does not outlive a snapshot of the process.
    pub fn restored(&self) {
        self.0.guest.restored();
    }

    /// An invocation that arrives now.
    #[must_use]
    pub fn invocation(&self, context: Context) -> Arc<Invocation> {
        Arc::new(Invocation::new(context, self.0.margins))
    }

    /// Answers one event. Total: whatever the event holds and the guest does, there is exactly one answer. It comes when it
    /// is due, unless something keeps the thread from running.
    pub async fn invoke(&self, event: Bytes, invocation: &Arc<Invocation>) -> (Outcome, After) {
        let log = RequestLog::new(self.0.log.clone(), invocation.clone());
        // Apart: whoever waits for the whole would be moved with the room for it.
        let (ended, guest) = match caught(Box::pin(self.0.answer(event, invocation, &log))).await {
            Ok(answered) => answered,
            Err(panic) => (self.0.panicked(&panic, invocation), funcserver_engine::After::default()),
        };
        self.0.told(ended, guest, log)
    }

    /// The answer to an event that is overdue, whoever still works on it: that of one whose handler did not answer in time.
    pub fn overdue(&self, invocation: &Arc<Invocation>) -> (Outcome, After) {
        let fault = Fault::Deadline;
        let message = fault.to_string();
        let ended = self.0.handler_failed(fault, message, invocation, Times::default());
        self.of_no_guest(ended, invocation)
    }

    /// The answer to an event that did not come whole.
    pub fn not_read(&self, message: String, invocation: &Arc<Invocation>) -> (Outcome, After) {
        self.of_no_guest(not_answered(NOT_READ, message), invocation)
    }

    fn of_no_guest(&self, ended: Ended, invocation: &Arc<Invocation>) -> (Outcome, After) {
        let log = RequestLog::new(self.0.log.clone(), invocation.clone());
        self.0.told(ended, funcserver_engine::After::default(), log)
    }
}

/// How an invocation ends, and what is to be said about it.
struct Ended {
    outcome: Outcome,
    report: Option<Report>,
}

impl Inner {
    fn told(&self, ended: Ended, guest: funcserver_engine::After, log: RequestLog) -> (Outcome, After) {
        let Ended { outcome, report } = ended;
        (outcome, After::new(guest, report, log, self.metrics))
    }

    async fn answer(
        &self,
        event: Bytes,
        invocation: &Arc<Invocation>,
        log: &RequestLog,
    ) -> (Ended, funcserver_engine::After) {
        let started = Instant::now();
        let mut times = Times::default();
        let incoming = match decode(&event, &self.front) {
            Ok(Event::Http(incoming)) => incoming,
            Ok(Event::Other { source, .. }) => {
                let ended = not_answered(NOT_HTTP, NotHttp(source).to_string());
                return (ended, funcserver_engine::After::default());
            }
            Err(error) => return (refused(error, invocation), funcserver_engine::After::default()),
        };
        drop(event);
        let Incoming { mut request, form, target_group_arn, client } = incoming;
        invocation.has_form(form);
        let context = invocation.context();
        let facts = Facts {
            request_id: context.request_id.clone(),
            deadline_ms: context.deadline_ms,
            trace_id: context.trace_id.clone(),
            function_arn: context.function_arn.clone(),
            target_group_arn,
            multi_value_headers: form.has_multi_value_headers(),
            client_address: client,
        };
        facts::insert(request.headers_mut(), &facts);
        times.decode = started.elapsed();

        let call = Call { facts, deadline: invocation.due(), output: Arc::new(log.clone()) };
        let Answer { result, after } = self.guest.handle(request, call).await;
        times.guest = started.elapsed() - times.decode;

        let ended = match result {
            Ok(response) => self.reply(&response, form, times, invocation),
            Err(fault) => {
                let message = log.message(&fault);
                self.handler_failed(fault, message, invocation, times)
            }
        };
        (ended, after)
    }

    fn reply(&self, response: &Response<Bytes>, form: Form, mut times: Times, invocation: &Invocation) -> Ended {
        let started = Instant::now();
        let encoded = form.encode(response, &self.front);
        times.encode = started.elapsed();
        match encoded {
            Ok(reply) => {
                let variants = reply.cookie_variants && !self.told_of_cookies.swap(true, Ordering::Relaxed);
                let lost = reply.cookies_lost;
                Ended {
                    outcome: Outcome::Reply { json: reply.json.into(), times },
                    report: (variants || lost > 0).then_some(Report::Cookies { variants, lost }),
                }
            }
            Err(error) => {
                let message = "the handler's answer cannot be sent";
                self.failed(kind_of(&error), message, error.to_string(), invocation, times)
            }
        }
    }

    fn panicked(&self, panic: &Panic, invocation: &Invocation) -> Ended {
        let message = "the host failed; this is an error in funcserver";
        self.failed(Kind::Host, message, panic.to_string(), invocation, Times::default())
    }

    fn handler_failed(&self, fault: Fault, message: String, invocation: &Invocation, times: Times) -> Ended {
        let outcome = self.outcome(Kind::from(&fault), &message, invocation, times);
        Ended { outcome, report: Some(Report::Handler { fault, message }) }
    }

    fn failed(&self, kind: Kind, message: &'static str, error: String, invocation: &Invocation, times: Times) -> Ended {
        let outcome = self.outcome(kind, &error, invocation, times);
        Ended { outcome, report: Some(Report::Failed { kind, message, error }) }
    }

    /// What becomes of an event whose handler has failed, or answered what cannot be sent.
    fn outcome(&self, kind: Kind, error: &str, invocation: &Invocation, times: Times) -> Outcome {
        match self.fail {
            Fail::Reply => reply_of_ours(kind, invocation.form(), invocation.id(), times),
            Fail::Error => Outcome::Error { kind: format!("{FAULT}{}", kind.name()), message: error.to_owned() },
        }
    }
}

fn refused(event: InvalidEvent, invocation: &Invocation) -> Ended {
    let InvalidEvent { form, at, reason } = event;
    Ended {
        outcome: reply_of_ours(Kind::BadEvent, form, invocation.id(), Times::default()),
        report: Some(Report::BadEvent { at, reason }),
    }
}

fn not_answered(kind: &'static str, message: String) -> Ended {
    let outcome = Outcome::Error { kind: kind.to_owned(), message: message.clone() };
    Ended { outcome, report: Some(Report::NotAnswered { kind, message }) }
}

fn reply_of_ours(kind: Kind, form: Form, request_id: &str, times: Times) -> Outcome {
    match form.encode(&kind.response(request_id), &FrontOptions::default()) {
        Ok(reply) => Outcome::Reply { json: reply.json.into(), times },
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
