//! An event becomes a request.

use super::{
    ReplyForm, client,
    envelope::{Envelope, Names, Values},
    fault::{Fault, Place, quoted},
    hop, kind, origin,
    repeated::join_cookies,
    target::Target,
    wire::Field,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, uri};
use std::borrow::Cow;

/// An event, read.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The request that the client sent. Its URI has a scheme, an authority, a path and perhaps a query; the hop-by-hop
    /// headers are gone, the `host` header is kept.
    pub request: Request<Bytes>,
    /// What the event asks of its reply.
    pub reply: ReplyForm,
    /// `requestContext.elb.targetGroupArn`, where the event has it.
    pub target_group_arn: Option<String>,
    /// The client's address from `X-Forwarded-For`, without port and brackets.
    pub client: Option<String>,
}

/// Why an event is no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The event comes from no load balancer: it has neither `httpMethod` nor `path`.
    #[error("expected an Application Load Balancer event, got {kind}")]
    NotHttp {
        /// What it is instead, in words.
        kind: String,
    },
    /// The event comes from a load balancer, but its contents are wrong.
    #[error("{at}: {reason}")]
    Invalid {
        /// What the event asks of its reply.
        reply: ReplyForm,
        /// The place in the event, as a JSON path like `headers.host` or `multiValueHeaders.accept[1]`; `event` if a value
        /// cannot be read at all.
        at: String,
        /// What was found there and what was expected.
        reason: String,
    },
}

/// Turns an event into the request that the client sent.
///
/// `trusted_hops` is the number of proxies of one's own before the load balancer, whose addresses in `X-Forwarded-For` are
/// not the client's (a CDN: 1).
///
/// - The header mode is the event's: multi-value where `multiValueHeaders` is filled, also beside `headers`.
/// - Path and query are what the client sent, byte for byte; what no URI may hold is percent-encoded.
/// - The scheme is `http` if `X-Forwarded-Proto` says so, else `https`. The authority is the `host` header; where that is
///   missing (health checks) or unusable, it is `localhost`, and the header stays as it is.
/// - Text is UTF-8, in header values too. Hop-by-hop headers are removed, with those that `Connection` names; it cannot name
///   `host` or what the load balancer adds.
/// - Several `cookie` headers are one, joined by `; ` (RFC 9113, section 8.2.3).
/// - Maps and body may be missing, null or empty. Unknown fields are ignored. Of a key that stands in one map twice the last
///   value counts.
///
/// # Errors
/// [`DecodeError::NotHttp`] for what has neither `httpMethod` nor `path`, or a `path` and another one's `method`; [`DecodeError::Invalid`] for a wrong type or value,
/// and for what exceeds the `http` crate: 24,576 header names, 65,534 bytes of path and query.
///
/// No input makes it panic, and what it allocates is bounded by its input.
pub fn decode(event: &[u8], trusted_hops: usize) -> Result<Incoming, DecodeError> {
    let event = read(event)?;
    let reply = event.reply_form();
    incoming(event, reply, trusted_hops).map_err(|Fault { at, reason }| DecodeError::Invalid { reply, at, reason })
}

fn read(event: &[u8]) -> Result<Envelope<'_>, DecodeError> {
    // Checked as a whole, which is quicker than text by text.
    let envelope = match std::str::from_utf8(event) {
        Ok(text) => serde_json::from_str(text).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match envelope {
        Ok(Field::Is(envelope @ Envelope { .. })) if envelope.is_http() => Ok(envelope),
        Ok(_) => Err(DecodeError::NotHttp { kind: kind::of(event) }),
        Err(reason) => Err(match Names::reply_form(event) {
            Some(reply) => DecodeError::Invalid { reply, at: "event".into(), reason },
            None => DecodeError::NotHttp { kind: kind::of(event) },
        }),
    }
}

fn incoming(event: Envelope<'_>, reply: ReplyForm, trusted_hops: usize) -> Result<Incoming, Fault> {
    let method = method(event.method.required_ref(Place::field("httpMethod"))?)?;
    let headers = headers(event.headers()?)?;
    let client = client::address(&headers, trusted_hops);
    let uri = uri(&event, &headers)?;
    let context = event.context.optional(Place::field("requestContext"))?;
    let target_group_arn = context.map_or(Ok(None), |context| context.target_group_arn())?;

    let mut request = Request::new(body(event.body, event.is_base64)?);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(Incoming { request, reply, target_group_arn, client })
}

fn method(name: &str) -> Result<Method, Fault> {
    Method::from_bytes(name.as_bytes())
        .map_err(|_| Place::field("httpMethod").fault(format!("expected an HTTP method, found {}", quoted(name))))
}

/// From its parts: parsed as a whole, a path `//x` would become an authority.
fn uri(event: &Envelope<'_>, headers: &HeaderMap) -> Result<Uri, Fault> {
    let path = Place::field("path");
    let mut target = Target::new(event.path.required_ref(path)?)?;
    event.query()?.visit(|_, key, value| {
        target.push(key, value);
        Ok(())
    })?;
    let mut parts = uri::Parts::default();
    parts.scheme = Some(origin::scheme(headers));
    parts.authority = Some(origin::authority(headers));
    parts.path_and_query = Some(target.finish()?);
    Uri::from_parts(parts).map_err(|error| path.fault(error.to_string()))
}

/// The event's headers without the hop-by-hop ones. Names that differ only in letter case are the same name.
fn headers(values: Values<'_, '_>) -> Result<HeaderMap, Fault> {
    let too_many = |_| values.place().fault("more than 24576 header names");
    let mut headers = HeaderMap::try_with_capacity(values.len()).map_err(too_many)?;
    // One piece of memory for all values.
    let mut memory = BytesMut::with_capacity(values.text_len());
    values.visit(|place, name, value| {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| place.fault("not a header name"))?;
        memory.extend_from_slice(value.as_bytes());
        let value = HeaderValue::from_maybe_shared(memory.split().freeze())
            .map_err(|_| place.fault(format!("expected no control characters, found {}", quoted(value))))?;
        headers.try_append(name, value).map_err(too_many)?;
        Ok(())
    })?;
    hop::strip(&mut headers);
    join_cookies(&mut headers);
    Ok(headers)
}

fn body(body: Field<Cow<'_, str>>, is_base64: Field<bool>) -> Result<Bytes, Fault> {
    let place = Place::field("body");
    let is_base64 = is_base64.optional(Place::field("isBase64Encoded"))?.unwrap_or(false);
    match body.optional(place)? {
        None => Ok(Bytes::new()),
        Some(text) if is_base64 => decode_base64(&text, place),
        Some(Cow::Borrowed(text)) => Ok(Bytes::copy_from_slice(text.as_bytes())),
        Some(Cow::Owned(text)) => Ok(text.into()),
    }
}

/// Plain base64 as RFC 4648, section 4, has it: padded, without line breaks.
pub(super) fn decode_base64(text: &str, place: Place<'_>) -> Result<Bytes, Fault> {
    STANDARD.decode(text).map(Bytes::from).map_err(|error| place.fault(format!("no base64: {error}")))
}
