//! A reply that is sent while the handler writes it: `response.stream`.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use funcserver_engine::{BodyPieces, Fault};
use funcserver_events::{EncodeError, StreamForm};
use http::Response;

use crate::caught::caught;
use crate::failure::Kind;
use crate::invocation::Invocation;
use crate::report::Report;

/// A reply in pieces: first the prelude with its delimiter, then the body as the handler writes it.
///
/// The handler runs while the next piece is awaited, and only then. Dropping the reply ends the handler. Read it to its
/// end or drop it before [`After::finish`](crate::After::finish), which waits for that.
pub struct StreamedReply {
    prelude: Option<Bytes>,
    body: ReplyBody,
    written: u64,
    invocation: Arc<Invocation>,
    /// The report of a failure in the middle.
    failure: Arc<OnceLock<Report>>,
}

enum ReplyBody {
    /// A body that is complete, or was sent.
    Whole(Bytes),
    Open(Box<BodyPieces>),
}

/// Why a streamed reply ends before its body is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamError {
    /// Lambda's `errorType`.
    pub kind: String,
    /// Lambda's `errorMessage`.
    pub message: String,
}

impl StreamedReply {
    /// The `Content-Type` with which it is posted to the Runtime API.
    pub const CONTENT_TYPE: &str = StreamForm::CONTENT_TYPE;

    /// The reply whose body is open.
    pub(crate) fn open(prelude: Vec<u8>, body: Box<BodyPieces>, invocation: &Arc<Invocation>) -> Self {
        Self::new(prelude, ReplyBody::Open(body), invocation)
    }

    /// The reply whose body is complete.
    pub(crate) fn whole(prelude: Vec<u8>, body: Bytes, invocation: &Arc<Invocation>) -> Self {
        Self::new(prelude, ReplyBody::Whole(body), invocation)
    }

    /// The reply for a complete response. `head` means that it answers a `HEAD` request.
    ///
    /// # Errors
    /// Those of [`StreamForm::encode`].
    pub(crate) fn of(
        response: Response<Bytes>,
        form: StreamForm,
        head: bool,
        invocation: &Arc<Invocation>,
    ) -> Result<Self, EncodeError> {
        let (parts, body) = response.into_parts();
        Ok(Self::whole(form.encode(&parts)?, if head { Bytes::new() } else { body }, invocation))
    }

    fn new(prelude: Vec<u8>, body: ReplyBody, invocation: &Arc<Invocation>) -> Self {
        let failure = Arc::default();
        Self { prelude: Some(prelude.into()), body, written: 0, invocation: invocation.clone(), failure }
    }

    /// Waits for the next piece. Returns `None` after the end and after an error.
    pub async fn next(&mut self) -> Option<Result<Bytes, StreamError>> {
        if let Some(prelude) = self.prelude.take() {
            return Some(Ok(prelude));
        }
        let piece = match &mut self.body {
            ReplyBody::Whole(body) => return Some(Ok(std::mem::take(body))).filter(|body| body != &Ok(Bytes::new())),
            ReplyBody::Open(pieces) => caught(pieces.next()).await,
        };
        match piece {
            Ok(Some(Ok(piece))) => {
                self.written += piece.len() as u64;
                Some(Ok(piece))
            }
            Ok(None) => {
                self.body = ReplyBody::Whole(Bytes::new());
                None
            }
            Ok(Some(Err(fault))) => Some(Err(self.failed(fault))),
            Err(panic) => {
                let message = "the host failed in the middle of an answer; this is an error in funcserver";
                let report = Report::Failed { kind: Kind::Host, message, error: panic.to_string() };
                Some(Err(self.broken_off(Kind::Host, panic.to_string(), report)))
            }
        }
    }

    fn failed(&mut self, fault: Fault) -> StreamError {
        let message = format!("{} (after {} bytes of its answer)", self.invocation.message(&fault), self.written);
        let report = Report::Handler { fault: fault.clone(), message: message.clone() };
        self.broken_off(Kind::from(&fault), message, report)
    }

    fn broken_off(&mut self, kind: Kind, message: String, report: Report) -> StreamError {
        self.body = ReplyBody::Whole(Bytes::new());
        let _ = self.failure.set(report);
        StreamError { kind: kind.error_type(), message }
    }

    /// The report of a failure, once there is one.
    pub(crate) fn failure(&self) -> Arc<OnceLock<Report>> {
        self.failure.clone()
    }
}

impl fmt::Debug for StreamedReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamedReply").field("written", &self.written).finish_non_exhaustive()
    }
}
