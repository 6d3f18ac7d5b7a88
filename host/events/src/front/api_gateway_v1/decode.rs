//! Decodes an event into a request.

use super::FormatOne;
use crate::front::{Envelope, Form, FrontKind, Incoming, InvalidEvent};
use crate::http::target::RequestTarget;
use crate::http::values::Values;
use crate::http::{body, headers, origin, prefix, request};
use crate::json::{InvalidMember, MemberPath};

/// The request in an event of payload format 1.0.
pub(crate) fn decode(kind: FrontKind, event: Envelope<'_>) -> Result<Incoming, InvalidEvent> {
    let form = Form::ApiGatewayV1(FormatOne::of(kind, &event));
    incoming(kind, event, form).map_err(|InvalidMember { at, reason }| InvalidEvent { form, at, reason })
}

fn incoming(kind: FrontKind, event: Envelope<'_>, form: Form) -> Result<Incoming, InvalidMember> {
    let place = MemberPath::field("httpMethod");
    let method = request::method(event.http_method.required_ref(place)?, place)?;
    let context = event.context.optional_ref(MemberPath::field("requestContext"))?;
    let in_context = |name| context.map_or(Ok(None), |context| context.text(name));
    let values = Values::choose(("headers", &event.headers), ("multiValueHeaders", &event.multi_headers))?;
    let mut headers = headers::of_request(values)?;

    let place = MemberPath::field("path");
    let path = event.path.required_ref(place)?;
    let mut target = if kind == FrontKind::Rest {
        prefix::set(&mut headers, prefix::before(path, in_context("path")?.as_deref()));
        RequestTarget::new(path, place)?
    } else {
        let (stage, path) = prefix::split_stage(path, in_context("stage")?.as_deref());
        prefix::set(&mut headers, stage);
        RequestTarget::of_decoded(path, place)?
    };
    let query = Values::choose(
        ("queryStringParameters", &event.query),
        ("multiValueQueryStringParameters", &event.multi_query),
    )?;
    query.visit(|_, key, value| {
        target.push_decoded(key, value);
        Ok(())
    })?;
    let authority = origin::authority_or(&headers, in_context("domainName")?.as_deref());
    let uri = request::uri_at(authority, target.finish()?, &headers).map_err(|error| place.fault(error.to_string()))?;

    let source =
        |context: &crate::front::RequestContext<'_>| context.client("identity", "requestContext.identity.sourceIp");
    let client = context.map_or(Ok(None), source)?;
    let request_context = context.map(crate::front::RequestContext::json);
    let request = request::of_parts(method, uri, headers, body::of_request(event.body, event.is_base64)?);
    Ok(Incoming { request, form, target_group_arn: None, client, request_context })
}
