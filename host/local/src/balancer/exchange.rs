//! One request and its response.

use super::connection::Front;
use super::page::{Refusal, phrase};
use super::record::Open;
use super::{Handler, body, check, event};
use bytes::Bytes;
use funcserver_events::alb::{self, ReplyForm};
use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use std::net::SocketAddr;

/// Answers one request, and tells the log.
pub(super) async fn exchange<H: Handler>(
    front: &Front<H>,
    client: SocketAddr,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let mut record = Open::new(&front.options.log, client, request.method().as_str(), request.uri().to_string());
    let mut response = match answer(front, client, request, &mut record).await {
        Ok(response) => {
            record.close(response.status().as_u16(), None, None);
            response.map(Full::new)
        }
        Err(refusal) => {
            let page = refusal.page();
            record.close(refusal.status.as_u16(), refusal.reason, Some(refusal.detail));
            page
        }
    };
    finish(&mut response);
    response
}

async fn answer<H: Handler>(
    front: &Front<H>,
    client: SocketAddr,
    request: Request<Incoming>,
    record: &mut Open,
) -> Result<Response<Bytes>, Refusal> {
    let (head, body) = request.into_parts();
    check::check(&head)?;
    front.options.hosts.check(&head)?;
    let body = body::read(&head.headers, body).await?;
    let form = ReplyForm { mode: front.options.header_mode, head: head.method == Method::HEAD };
    let event = event::forwarded(Request::from_parts(head, body), client.ip(), front.port, &front.options)?;
    let answer = front.handler.call(event).await?;
    record.note(answer.note);
    Ok(alb::read_reply(&answer.reply, form)?)
}

/// The server computes length and date; the rest of what a load balancer adds is here.
fn finish<B>(response: &mut Response<B>) {
    drop_odd_length(response.headers_mut());
    response.headers_mut().entry(header::SERVER).or_insert(HeaderValue::from_static("funcserver"));
    if response.status().canonical_reason().is_none()
        && let Ok(phrase) = ReasonPhrase::try_from(phrase(response.status()).as_bytes())
    {
        response.extensions_mut().insert(phrase);
    }
}

/// A length is left only in the answer to `HEAD` and with 304, where the server drops it. It would break off at one that is
/// no number.
fn drop_odd_length(headers: &mut HeaderMap) {
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    let one = lengths.next().filter(|_| lengths.next().is_none());
    if one.is_none_or(|length| !length.as_bytes().iter().all(u8::is_ascii_digit)) {
        headers.remove(header::CONTENT_LENGTH);
    }
}
