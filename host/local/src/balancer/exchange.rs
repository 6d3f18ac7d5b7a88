//! Handles a request and sends its response.

use std::net::SocketAddr;

use bytes::Bytes;
use funcserver_events::Form;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;

use super::connection::ServerContext;
use super::error_page::{Refusal, phrase};
use super::record::PendingRecord;
use super::streamed::{self, ClientBody, StreamedBody};
use super::{Handler, body, check, event};
use crate::FunctionReply;

/// Answers a request, and records it in the access log.
pub(super) async fn exchange<H: Handler>(
    context: &ServerContext<H>,
    client: SocketAddr,
    request: Request<Incoming>,
) -> Response<ClientBody> {
    let is_head = request.method() == Method::HEAD;
    let mut record =
        PendingRecord::new(&context.options.log, client, request.method().as_str(), request.uri().to_string());
    let mut response = match answer(context, client, request, &record).await {
        Ok(Answer::Whole(response)) => {
            record.close(response.status().as_u16(), None, None);
            response.map(whole)
        }
        // The function goes on, and nobody reads what it writes.
        Ok(Answer::Streamed(response)) if is_head || is_bodiless(response.status()) => {
            record.close(response.status().as_u16(), None, None);
            response.map(|_| whole(Bytes::new()))
        }
        Ok(Answer::Streamed(response)) => {
            record.begin(response.status().as_u16());
            response.map(|body| body.into_body(record))
        }
        Err(refusal) => {
            let page = refusal.page(context.options.front.words());
            record.close(refusal.status.as_u16(), refusal.reason, Some(refusal.detail));
            page.map(whole)
        }
    };
    finish(&mut response);
    response
}

async fn answer<H: Handler>(
    context: &ServerContext<H>,
    client: SocketAddr,
    request: Request<Incoming>,
    record: &PendingRecord,
) -> Result<Answer, Refusal> {
    let (head, body) = request.into_parts();
    check::check(&head)?;
    context.options.hosts.check(&head)?;
    let body = body::read(&head.headers, body, context.options.max_body()).await?;
    let form = Form::for_method(context.options.front, &head.method);
    let event = event::forwarded(Request::from_parts(head, body), client.ip(), context.port, &context.options)?;
    let reply = context.handler.call(record.id(), event).await?;
    match reply {
        reply if context.options.stream => Ok(Answer::Streamed(streamed::read(form, reply).await?)),
        FunctionReply::Whole(reply) => Ok(Answer::Whole(form.read_reply(&reply)?)),
        FunctionReply::Stream(_) => Err(streamed::not_streamed(form)),
    }
}

/// A response to a client.
enum Answer {
    Whole(Response<Bytes>),
    Streamed(Response<StreamedBody>),
}

fn is_bodiless(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

fn whole(body: impl Into<Bytes>) -> ClientBody {
    Full::new(body.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Adds the headers and the reason phrase that a load balancer adds. The server adds the length and the date.
fn finish<B>(response: &mut Response<B>) {
    drop_invalid_length(response.headers_mut());
    response.headers_mut().entry(header::SERVER).or_insert(HeaderValue::from_static("funcserver"));
    if response.status().canonical_reason().is_none()
        && let Ok(phrase) = ReasonPhrase::try_from(phrase(response.status()).as_bytes())
    {
        response.extensions_mut().insert(phrase);
    }
}

/// Removes a `content-length` that is not a single number, because the server would drop the connection. A valid one
/// remains only in the answer to `HEAD` and with 304, where the server removes it.
fn drop_invalid_length(headers: &mut HeaderMap) {
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    let one = lengths.next().filter(|_| lengths.next().is_none());
    if one.is_none_or(|length| !length.as_bytes().iter().all(u8::is_ascii_digit)) {
        headers.remove(header::CONTENT_LENGTH);
    }
}
