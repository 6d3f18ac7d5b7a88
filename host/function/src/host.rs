//! Answers events: each event has exactly one answer.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use funcserver_engine::{Answer, Body, Call, Fault, Guest, WholeAnswer, stealable};
use funcserver_events::{
    EncodeError, Event, EventSource, Form, FrontOptions, Incoming, InvalidEvent, NotHttp, StreamForm, decode,
};
use http::Response;
use http::uri::PathAndQuery;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use crate::after::After;
use crate::batch::SplitBatch;
use crate::caught::{Panic, caught};
use crate::compress;
use crate::config::{Config, EventsConfig, Fail};
use crate::event_call::EventCall;
use crate::facts;
use crate::failure::Kind;
use crate::invocation::{Context, Front, Invocation, Margins};
use crate::log::Log;
use crate::metrics::Metrics;
use crate::observer::{Late, Observer, Observers, Step};
use crate::other_event::{self, RecordBatch};
use crate::report::Report;
use crate::request_log::RequestLog;
use crate::secrets::{Moment, Secrets, SecretsError};
use crate::streamed_reply::{StreamError, StreamedReply};
use crate::warm_up::warm_up;

/// The error type of an invocation whose event is not an HTTP request.
const NOT_HTTP: &str = "Funcserver.NotHttp";
/// The error type of an invocation whose event is not an HTTP request, if the handler's answer is not a result.
const EVENT: &str = "Funcserver.Event";
/// The error type of an invocation whose event could not be read completely.
const NOT_READ: &str = "Funcserver.NotRead";
const HOST_FAILED: &str = "the host failed; this is an error in funcserver";
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
    events: EventsConfig,
    compress: bool,
    /// Whether replies are streamed to the front ends that support it.
    stream: bool,
    fail: Fail,
    warmup: Option<PathAndQuery>,
    secrets: OnceLock<Secrets>,
}

/// The end of an invocation.
#[derive(Debug)]
pub enum Outcome {
    /// A reply for the front end, as JSON. This includes error replies.
    Reply(Bytes),
    /// A reply for a front end that streams. This includes error replies.
    Stream(Box<StreamedReply>),
    /// An invocation error: the event was not an HTTP event, or the handler failed and `limits.fail` asks for an error.
    Error {
        /// Lambda's `errorType`.
        kind: String,
        /// Lambda's `errorMessage`.
        message: String,
    },
}

impl Outcome {
    /// The whole outcome: a streamed reply is collected as it is posted, with its prelude. One that breaks off, or has
    /// more than `limit` bytes, is an error.
    #[must_use = "a streamed reply that is not read ends its handler"]
    pub async fn whole(self, limit: usize) -> Self {
        let Self::Stream(mut reply) = self else { return self };
        let mut whole = BytesMut::new();
        while let Some(piece) = reply.next().await {
            match piece {
                Ok(piece) if whole.len() + piece.len() <= limit => whole.extend_from_slice(&piece),
                Ok(_) => {
                    let fault = Fault::BodyTooLarge { limit };
                    return Self::Error { kind: Kind::from(&fault).error_type(), message: fault.to_string() };
                }
                Err(StreamError { kind, message }) => return Self::Error { kind, message },
            }
        }
        Self::Reply(whole.freeze())
    }
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
            events: config.events.clone(),
            compress: config.response.compress,
            stream: config.response.stream,
            fail: config.limits.fail,
            warmup: config.component.warmup.clone(),
            secrets: OnceLock::new(),
        }))
    }

    /// Sets the secrets of the function (`guest.secrets`), if it has any. They are fetched by [`Host::fetch_secrets`],
    /// and by [`Host::restored`]. Call this once, before the first event.
    pub fn set_secrets(&self, secrets: Secrets) {
        let _ = self.0.secrets.set(secrets);
    }

    /// Fetches the secrets, so that the handler has them. Call it before the warm-up and the first event, but not if
    /// Lambda takes a snapshot of the process: the snapshot would contain them.
    ///
    /// # Errors
    /// All secrets that have no value.
    pub async fn fetch_secrets(&self) -> Result<(), SecretsError> {
        let Inner { guest, log, secrets, .. } = &*self.0;
        match secrets.get() {
            Some(secrets) => secrets.fetch(guest, log).await,
            None => Ok(()),
        }
    }

    /// After an answer was sent: fetches secrets that will soon be too old (`guest.secrets-max-age`), so that the next
    /// event need not wait for them. [`Host::invoke`] fetches those that are too old by then.
    pub async fn refresh_secrets(&self, invocation: &Invocation) {
        self.0.refresh_secrets(Moment::AfterAnswer, invocation.ends()).await;
    }

    /// If `component.warmup` is set, lets the component answer that request. Call it before the first event, and before
    /// a snapshot is taken. Failures are logged.
    pub async fn warm_up(&self) {
        let Inner { guest, log, observers, warmup, .. } = &*self.0;
        if let Some(path) = warmup
            && let Err(panic) = caught(Box::pin(warm_up(guest, path, log, observers.clone()))).await
        {
            panic.log(log.host(), "the host failed in the warm-up; this is an error in funcserver");
        }
    }

    /// Drops everything that must not be used after a snapshot of the process, checks that this copy can create
    /// instances, and fetches the secrets.
    ///
    /// # Errors
    /// The reason why it cannot.
    pub async fn restored(&self) -> Result<(), String> {
        let guest = &self.0.guest;
        let work = async {
            guest.restored();
            guest.check()
        };
        match caught(work).await {
            Ok(checked) => {
                checked.map_err(|error| format!("after the snapshot no instance can be created: {error}"))?
            }
            Err(panic) => return Err(format!("{HOST_FAILED}: {panic}")),
        }
        self.fetch_secrets().await.map_err(|error| error.to_string())
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
    /// time. Of a batch, the records that are not finished have failed.
    pub fn overdue(&self, invocation: &Arc<Invocation>) -> (Outcome, After) {
        if let Some(batch) = invocation.batch() {
            let (json, report) = batch.result();
            let ended = Ended { outcome: Outcome::Reply(json), report };
            return ended.with(funcserver_engine::After::default(), invocation);
        }
        let fault = Fault::Deadline;
        let message = fault.to_string();
        self.0.handler_failed(fault, message, invocation).with(funcserver_engine::After::default(), invocation)
    }

    /// The answer to an event that could not be read completely.
    pub fn not_read(&self, message: String, invocation: &Arc<Invocation>) -> (Outcome, After) {
        not_answered(NOT_READ, message).with(funcserver_engine::After::default(), invocation)
    }
}

/// Why an event that is not an HTTP request failed.
enum EventFailure {
    /// The handler failed.
    Fault(Fault, String),
    /// Its answer is not a result.
    Answer(String),
}

impl fmt::Display for EventFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(_, message) | Self::Answer(message) => f.write_str(message),
        }
    }
}

/// The outcome of an invocation, and the report about it.
struct Ended {
    outcome: Outcome,
    report: Option<Report>,
}

impl Ended {
    fn with(self, guest: funcserver_engine::After, invocation: &Arc<Invocation>) -> (Outcome, After) {
        let after = After::new(guest, self.report, invocation);
        match self.outcome {
            Outcome::Stream(reply) => {
                let after = after.of_stream(&reply);
                (Outcome::Stream(reply), after)
            }
            outcome => (outcome, after),
        }
    }
}

impl Inner {
    async fn answer(self: &Arc<Self>, event: Bytes, invocation: &Arc<Invocation>) -> (Ended, funcserver_engine::After) {
        self.refresh_secrets(Moment::BeforeEvent, invocation.due()).await;
        let incoming = match decode(&event, &self.front) {
            Ok(Event::Http(incoming)) => incoming,
            Ok(Event::Other { source, payload }) => return self.other(source, payload, invocation).await,
            Err(error) => return (self.refused(error, invocation), funcserver_engine::After::default()),
        };
        drop(event);
        let Incoming { mut request, form, target_group_arn, client, request_context } = incoming;
        invocation.read(Front { form, target_group_arn, client, event_source: None });
        let path = request.uri().path();
        if self.events.path.as_ref().is_some_and(|events| events.covers(path)) {
            let outcome = self.reply_of_ours(Kind::EventPath, form, invocation);
            let ended = Ended { outcome, report: Some(Report::EventPath { path: path.to_owned() }) };
            return (ended, funcserver_engine::After::default());
        }
        facts::insert(request.headers_mut(), &invocation.facts(), request_context);

        if let Some(form) = self.streams(form) {
            let answer = self.guest.handle(request, invocation.clone()).await;
            return Box::pin(self.stream(answer, form, invocation)).await;
        }
        let takes_gzip = self.compress && compress::is_accepted(request.headers());
        // A text is a fifth of its size once it is compressed.
        let front = if takes_gzip { usize::MAX } else { form.limits().reply };
        let answer = self.guest.handle(request, invocation.clone()).await;
        let WholeAnswer { result, after } = answer.whole(front.min(self.front.max_reply)).await;
        let ended = match result {
            Ok(mut response) => {
                if self.compress {
                    compress::compress(&mut response, takes_gzip);
                }
                self.reply(&response, form, invocation)
            }
            Err(fault) => {
                let message = invocation.message(&fault);
                self.handler_failed(fault, message, invocation)
            }
        };
        (ended, after)
    }

    async fn refresh_secrets(&self, moment: Moment, due: Instant) {
        if let Some(secrets) = self.secrets.get() {
            // Boxed, because most functions have none.
            Box::pin(secrets.refresh(moment, due, &self.guest, &self.log)).await;
        }
    }

    /// The form of a streamed reply, if replies of this form are streamed.
    fn streams(&self, form: Form) -> Option<StreamForm> {
        form.streamed().filter(|_| self.stream)
    }

    /// The reply that begins as soon as there is the head of the response. Its body is never compressed: the handler may
    /// want each piece to arrive by itself.
    async fn stream(
        &self,
        answer: Answer,
        form: StreamForm,
        invocation: &Arc<Invocation>,
    ) -> (Ended, funcserver_engine::After) {
        let (result, after) = answer.open().await;
        let ended = match result {
            Ok(response) => {
                let (head, body) = response.into_parts();
                let reply = form.encode(&head).map(|prelude| {
                    invocation.tell(&Step::Encoded(prelude.len()));
                    match body {
                        Body::Whole(body) => StreamedReply::whole(prelude, body, invocation),
                        Body::Open(pieces) => StreamedReply::open(prelude, pieces, invocation),
                    }
                });
                match reply {
                    Ok(reply) => Ended { outcome: Outcome::Stream(reply.into()), report: None },
                    Err(error) => self.unsendable(&error, invocation),
                }
            }
            Err(fault) => {
                let message = invocation.message(&fault);
                self.handler_failed(fault, message, invocation)
            }
        };
        (ended, after)
    }

    /// Answers an event that is not an HTTP request.
    async fn other(
        self: &Arc<Self>,
        source: EventSource,
        payload: Bytes,
        invocation: &Arc<Invocation>,
    ) -> (Ended, funcserver_engine::After) {
        let none = funcserver_engine::After::default();
        let (Some(_), Some(name)) = (&self.events.path, source.name()) else {
            return (not_answered(NOT_HTTP, NotHttp(source).to_string()), none);
        };
        invocation.read(Front { event_source: Some(name), ..Front::default() });
        if self.events.split
            && let Some(batch) = RecordBatch::of(name, &payload)
        {
            return match batch {
                Ok(batch) => self.batch(name, batch, invocation).await,
                Err(error) => (not_answered(EVENT, error), none),
            };
        }
        let (result, after) = self.post(name, payload, invocation).await;
        let ended = match result {
            Ok(json) => {
                invocation.tell(&Step::Encoded(json.len()));
                Ended { outcome: Outcome::Reply(json), report: None }
            }
            Err(EventFailure::Fault(fault, message)) => self.handler_failed(fault, message, invocation),
            Err(EventFailure::Answer(message)) => {
                let outcome = Outcome::Error { kind: EVENT.to_owned(), message: message.clone() };
                Ended { outcome, report: Some(Report::Event { error: message }) }
            }
        };
        (ended, after)
    }

    /// Posts the records of a batch, as many at once as there are permits, and reports those that failed. What is not
    /// finished when the answer is due has failed, and so has what follows a failure in its group.
    async fn batch(
        self: &Arc<Self>,
        source: &'static str,
        batch: RecordBatch,
        invocation: &Arc<Invocation>,
    ) -> (Ended, funcserver_engine::After) {
        let batch = Arc::new(SplitBatch::new(batch));
        invocation.begin_batch(batch.clone());
        let lanes = self.guest.concurrency().min(batch.independent());
        let last = if lanes <= 1 {
            self.records(source, &batch, invocation).await
        } else {
            let mut running = JoinSet::new();
            for _ in 0..lanes {
                let (host, batch, invocation) = (self.clone(), batch.clone(), invocation.clone());
                running.spawn(stealable(async move {
                    let last = host.records(source, &batch, &invocation).await;
                    work_of_record(last, &invocation).await;
                }));
            }
            while running.join_next().await.is_some() {}
            funcserver_engine::After::default()
        };
        let (json, report) = batch.result();
        invocation.tell(&Step::Encoded(json.len()));
        (Ended { outcome: Outcome::Reply(json), report }, last)
    }

    /// Posts records of a batch one after the other while there are some, and returns the work of the last one.
    async fn records(
        &self,
        source: &'static str,
        batch: &SplitBatch,
        invocation: &Arc<Invocation>,
    ) -> funcserver_engine::After {
        let mut last = funcserver_engine::After::default();
        // The instance is free for a record once the work of the one before is done.
        while Instant::now() < invocation.due()
            && let Some((index, record)) = batch.start()
        {
            work_of_record(std::mem::take(&mut last), invocation).await;
            let result = match caught(Box::pin(self.post(source, record, invocation))).await {
                Ok((result, after)) => {
                    last = after;
                    result.map(|_| ()).map_err(|failure| failure.to_string())
                }
                Err(panic) => Err(format!("{HOST_FAILED}: {panic}")),
            };
            batch.end(index, result);
        }
        last
    }

    /// Posts an event, or one record of it, to the handler.
    async fn post(
        &self,
        source: &'static str,
        payload: Bytes,
        invocation: &Arc<Invocation>,
    ) -> (Result<Bytes, EventFailure>, funcserver_engine::After) {
        let request = self.events.path.as_ref().and_then(|path| other_event::request(path, source, payload));
        let Some(mut request) = request else {
            let error = EventFailure::Answer("events.path is not a path".to_owned());
            return (Err(error), funcserver_engine::After::default());
        };
        facts::insert(request.headers_mut(), &invocation.facts(), Some("{}".to_owned()));
        let call = Arc::new(EventCall::new(invocation));
        let answer = self.guest.handle(request, call.clone()).await;
        let WholeAnswer { result, after } = answer.whole(self.front.max_reply).await;
        let result = match result {
            Ok(answer) => other_event::result(&answer).map_err(EventFailure::Answer),
            Err(fault) => {
                let message = call.message(&fault);
                Err(EventFailure::Fault(fault, message))
            }
        };
        (result, after)
    }

    fn reply(&self, response: &Response<Bytes>, form: Form, invocation: &Arc<Invocation>) -> Ended {
        match form.encode(response, &self.front) {
            Ok(reply) => {
                invocation.tell(&Step::Encoded(reply.json.len()));
                let (variants, lost) = (reply.cookie_variants, reply.cookies_lost);
                Ended {
                    outcome: Outcome::Reply(reply.json.into()),
                    report: (variants || lost > 0).then_some(Report::Cookies { variants, lost }),
                }
            }
            Err(error) => self.unsendable(&error, invocation),
        }
    }

    fn unsendable(&self, error: &EncodeError, invocation: &Arc<Invocation>) -> Ended {
        self.failed(kind_of(error), "the handler's answer cannot be sent", error.to_string(), invocation)
    }

    fn refused(&self, event: InvalidEvent, invocation: &Arc<Invocation>) -> Ended {
        let InvalidEvent { form, at, reason } = event;
        let outcome = self.reply_of_ours(Kind::BadEvent, form, invocation);
        Ended { outcome, report: Some(Report::BadEvent { at, reason }) }
    }

    fn panicked(&self, panic: &Panic, invocation: &Arc<Invocation>) -> Ended {
        self.failed(Kind::Host, HOST_FAILED, panic.to_string(), invocation)
    }

    fn handler_failed(&self, fault: Fault, message: String, invocation: &Arc<Invocation>) -> Ended {
        let outcome = self.outcome(Kind::from(&fault), &message, invocation);
        Ended { outcome, report: Some(Report::Handler { fault, message }) }
    }

    fn failed(&self, kind: Kind, message: &'static str, error: String, invocation: &Arc<Invocation>) -> Ended {
        let outcome = self.outcome(kind, &error, invocation);
        Ended { outcome, report: Some(Report::Failed { kind, message, error }) }
    }

    /// The outcome of an event whose handler failed, or gave an answer that cannot be sent.
    fn outcome(&self, kind: Kind, error: &str, invocation: &Arc<Invocation>) -> Outcome {
        match self.fail {
            Fail::Reply if !invocation.is_other() => self.reply_of_ours(kind, invocation.form(), invocation),
            Fail::Reply | Fail::Error => Outcome::Error { kind: kind.error_type(), message: error.to_owned() },
        }
    }

    /// The host's own reply.
    fn reply_of_ours(&self, kind: Kind, form: Form, invocation: &Arc<Invocation>) -> Outcome {
        let response = kind.response(invocation.id());
        let reply = match self.streams(form) {
            Some(stream) => {
                let reply = StreamedReply::of(response, stream, form.is_head(), invocation);
                reply.map(|reply| Outcome::Stream(reply.into()))
            }
            None => form.encode(&response, &FrontOptions::default()).map(|reply| Outcome::Reply(reply.json.into())),
        };
        reply.unwrap_or_else(|error| Outcome::Error { kind: NO_REPLY.to_owned(), message: error.to_string() })
    }
}

/// Does a record's work after its answer, until the batch's answer is due.
async fn work_of_record(work: funcserver_engine::After, invocation: &Arc<Invocation>) {
    let finished = timeout_at(invocation.due().into(), caught(work.finish())).await;
    match finished {
        Ok(Ok(Some(fault))) => invocation.tell(&Step::After(Late::Fault(&fault))),
        Ok(Err(panic)) => invocation.tell(&Step::After(Late::Panic(&panic))),
        Ok(Ok(None)) | Err(_) => {}
    }
}

fn not_answered(kind: &'static str, message: String) -> Ended {
    let outcome = Outcome::Error { kind: kind.to_owned(), message: message.clone() };
    Ended { outcome, report: Some(Report::NotAnswered { kind, message }) }
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
