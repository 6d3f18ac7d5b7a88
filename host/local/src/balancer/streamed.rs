//! Reads a streamed reply as a front end does: first the prelude, then the body as it comes.

use bytes::{Bytes, BytesMut};
use funcserver_events::{Form, StreamForm};
use futures_util::stream;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;

use super::error_page::Refusal;
use super::record::PendingRecord;
use crate::{FunctionReply, InvocationError, MAX_STREAM, ReplyStream};

/// The body of a response to a client.
pub(super) type ClientBody = UnsyncBoxBody<Bytes, InvocationError>;

/// A streamed reply whose prelude has been read.
pub(super) struct StreamedBody {
    /// What was read with the prelude.
    first: Bytes,
    rest: ReplyStream,
}

/// The reply that a front end which streams accepts. `form` is the form that the event required.
pub(super) async fn read(form: Form, reply: FunctionReply) -> Result<Response<StreamedBody>, Refusal> {
    match (form.streamed(), reply) {
        (Some(form), FunctionReply::Stream(reply)) => read_prelude(form, reply).await,
        (Some(_), FunctionReply::Whole(_)) => Err(invalid(format!(
            "{} streams, and the reply is whole: set response.stream = true, or serve without --stream",
            form.kind().words()
        ))),
        (None, _) => Err(invalid(format!("{} cannot stream", form.kind().words()))),
    }
}

/// The refusal of a streamed reply by a front end that does not stream.
pub(super) fn not_streamed(form: Form) -> Refusal {
    let front = form.kind().words();
    match form.streamed() {
        Some(_) => invalid(format!("{front} does not stream, and the reply is a stream: serve with --stream")),
        None => invalid(format!("{front} cannot stream, and the reply is a stream")),
    }
}

async fn read_prelude(form: StreamForm, mut reply: ReplyStream) -> Result<Response<StreamedBody>, Refusal> {
    if reply.content_type() != StreamForm::CONTENT_TYPE {
        return unwrapped(form, reply);
    }
    let most = form.longest_prelude();
    let mut read = BytesMut::new();
    loop {
        if let Some(end) = StreamForm::prelude_len(&read) {
            let head = form.read(&read[..end])?;
            let first = read.freeze().slice(end + StreamForm::DELIMITER.len()..);
            return Ok(head.map(|()| StreamedBody { first, rest: reply }));
        }
        if read.len() >= most {
            return Err(invalid(format!("no prelude of status and headers ends in the first {most} bytes")));
        }
        match reply.next().await {
            Some(piece) => read.extend_from_slice(&piece?),
            None => return Err(invalid(format!("the stream ends after {} bytes, in its prelude", read.len()))),
        }
    }
}

/// A stream without a prelude: a function URL sends it with the status 200 and its own type.
fn unwrapped(form: StreamForm, reply: ReplyStream) -> Result<Response<StreamedBody>, Refusal> {
    if matches!(form, StreamForm::Rest(_)) {
        let (found, expected) = (reply.content_type(), StreamForm::CONTENT_TYPE);
        return Err(invalid(format!(
            "the content-type of the stream is {found:?}, and the REST API expects {expected}"
        )));
    }
    let content_type = HeaderValue::from_str(reply.content_type()).ok().filter(|value| !value.is_empty());
    let mut response = Response::new(StreamedBody { first: Bytes::new(), rest: reply });
    if let Some(content_type) = content_type {
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    }
    Ok(response)
}

fn invalid(detail: String) -> Refusal {
    Refusal::new(StatusCode::BAD_GATEWAY, detail).with_reason("LambdaInvalidResponse")
}

impl StreamedBody {
    /// The body for the client. The record is closed at its end.
    pub(super) fn into_body(self, record: PendingRecord) -> ClientBody {
        let flow = Flow { body: self, sent: 0, record };
        let frames = stream::unfold(Some(flow), async |flow| {
            let mut flow = flow?;
            match flow.body.next().await {
                Some(Ok(piece)) if flow.sent + piece.len() > MAX_STREAM => {
                    Some((Err(flow.fail(InvocationError::too_large(MAX_STREAM))), None))
                }
                Some(Ok(piece)) => {
                    flow.sent += piece.len();
                    Some((Ok(Frame::data(piece)), Some(flow)))
                }
                Some(Err(error)) => Some((Err(flow.fail(error)), None)),
                None => {
                    flow.record.end(None, None);
                    None
                }
            }
        });
        StreamBody::new(Box::pin(frames)).boxed_unsync()
    }

    async fn next(&mut self) -> Option<Result<Bytes, InvocationError>> {
        if self.first.is_empty() { self.rest.next().await } else { Some(Ok(std::mem::take(&mut self.first))) }
    }
}

/// A body on its way to the client.
struct Flow {
    body: StreamedBody,
    sent: usize,
    record: PendingRecord,
}

impl Flow {
    fn fail(self, error: InvocationError) -> InvocationError {
        let detail = format!("the reply broke off after {} bytes: {error}", self.sent);
        self.record.end(Some("LambdaUnhandled"), Some(detail));
        error
    }
}
