//! Decodes an event into a request.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use super::FormatTwo;
use crate::front::{Envelope, Form, FrontKind, Incoming, InvalidEvent};
use crate::http::target::RequestTarget;
use crate::http::values::Values;
use crate::http::{body, headers, origin, prefix, request};
use crate::json::{InvalidMember, Member, MemberPath, Text, quoted};

/// The request in an event of payload format 2.0.
pub(crate) fn decode(kind: FrontKind, event: Envelope<'_>) -> Result<Incoming, InvalidEvent> {
    let form = Form::ApiGatewayV2(FormatTwo::of(kind, &event));
    incoming(kind, event, form).map_err(|InvalidMember { at, reason }| InvalidEvent { form, at, reason })
}

fn incoming(kind: FrontKind, mut event: Envelope<'_>, form: Form) -> Result<Incoming, InvalidMember> {
    let others = event.take_others();
    let context = event.context.required(MemberPath::field("requestContext"))?;
    let method = request::method(&context.method()?, MemberPath::field("requestContext.http.method"))?;

    let mut headers = headers::read(Values::single("headers", &event.headers)?)?;
    add_cookies(&mut headers, others.cookies)?;
    headers::for_handler(&mut headers);

    let place = MemberPath::field("rawPath");
    let path = others.raw_path.required_ref(place)?;
    let mut target = if kind == FrontKind::Url {
        RequestTarget::new(path, place)?
    } else {
        let (stage, path) = prefix::split_stage(path, context.text("stage")?.as_deref());
        prefix::set(&mut headers, stage);
        RequestTarget::of_decoded(path, place)?
    };
    if let Some(query) = others.raw_query.optional(MemberPath::field("rawQueryString"))? {
        target.set_query(&query);
    }
    let authority = origin::authority_or(&headers, context.text("domainName")?.as_deref());
    let uri = request::uri_at(authority, target.finish()?, &headers).map_err(|error| place.fault(error.to_string()))?;

    let client = context.client("http", "requestContext.http.sourceIp")?;
    let body = body::of_request(event.body, event.is_base64)?;
    let request = request::of_parts(method, uri, headers, body);
    Ok(Incoming { request, form, target_group_arn: None, client, request_context: Some(context.json()) })
}

/// Adds the cookies as a header, unless the event has that header: it is what the client sent.
fn add_cookies(headers: &mut HeaderMap, cookies: Member<Vec<Member<Text<'_>>>>) -> Result<(), InvalidMember> {
    let place = MemberPath::field("cookies");
    let mut joined = String::new();
    for (index, cookie) in cookies.optional(place)?.unwrap_or_default().into_iter().enumerate() {
        let place = place.index(index);
        let cookie = cookie.required(place)?;
        if HeaderValue::from_bytes(cookie.as_bytes()).is_err() {
            return Err(place.fault(format!("expected no control characters, found {}", quoted(&cookie))));
        }
        if index > 0 {
            joined.push_str("; ");
        }
        joined.push_str(&cookie);
    }
    if !joined.is_empty()
        && !headers.contains_key(COOKIE)
        && let Ok(value) = HeaderValue::from_bytes(joined.as_bytes())
    {
        headers.try_append(COOKIE, value).map_err(|_| place.fault("more than 24576 header names"))?;
    }
    Ok(())
}
