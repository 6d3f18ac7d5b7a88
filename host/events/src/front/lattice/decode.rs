//! Decodes an event into a request.

use super::LatticeForm;
use crate::front::{Envelope, Form, FrontKind, Incoming, InvalidEvent, RequestContext};
use crate::http::target::RequestTarget;
use crate::http::values::Values;
use crate::http::{body, client, headers, request};
use crate::json::{InvalidMember, Member, MemberPath, Text};

/// The request in an event of VPC Lattice.
pub(crate) fn decode(kind: FrontKind, mut event: Envelope<'_>, trusted_hops: usize) -> Result<Incoming, InvalidEvent> {
    let others = event.take_others();
    let is_version_2 = kind == FrontKind::Lattice2;
    let head = matches!(&others.method, Member::Is(method) if method == "HEAD");
    let form = Form::Lattice(LatticeForm { is_version_2, head });
    let parts = if is_version_2 {
        LatticeEvent {
            context: event.context,
            method: others.method,
            path: ("path", event.path),
            headers: Values::either("headers", &event.headers),
            query: Values::either("queryStringParameters", &event.query),
            body: event.body,
            is_base64: ("isBase64Encoded", event.is_base64),
        }
    } else {
        LatticeEvent {
            context: event.context,
            method: others.method,
            path: ("raw_path", others.snake_path),
            headers: Values::single("headers", &event.headers),
            query: Values::single("query_string_parameters", &others.snake_query),
            body: event.body,
            is_base64: ("is_base64_encoded", others.snake_is_base64),
        }
    };
    incoming(parts, form, trusted_hops).map_err(|InvalidMember { at, reason }| InvalidEvent { form, at, reason })
}

/// The members of an event of either version, with the names of those that differ.
struct LatticeEvent<'a, 'de> {
    context: Member<RequestContext<'de>>,
    method: Member<Text<'de>>,
    path: (&'static str, Member<Text<'de>>),
    headers: Result<Values<'a, 'de>, InvalidMember>,
    query: Result<Values<'a, 'de>, InvalidMember>,
    body: Member<Text<'de>>,
    is_base64: (&'static str, Member<bool>),
}

fn incoming(event: LatticeEvent<'_, '_>, form: Form, trusted_hops: usize) -> Result<Incoming, InvalidMember> {
    let place = MemberPath::field("method");
    let method = request::method(event.method.required_ref(place)?, place)?;
    let headers = headers::of_request(event.headers?)?;
    let client = client::address(&headers, trusted_hops);

    let place = MemberPath::field(event.path.0);
    let mut target = RequestTarget::new(event.path.1.required_ref(place)?, place)?;
    event.query?.visit(|_, key, value| {
        target.push(key, value);
        Ok(())
    })?;
    let uri = request::uri(target.finish()?, &headers).map_err(|error| place.fault(error.to_string()))?;

    let context = event.context.optional(MemberPath::field("requestContext"))?;
    let target_group_arn = context.as_ref().map_or(Ok(None), |context| context.text("targetGroupArn"))?;
    let body = body::at(event.body, event.is_base64.1, event.is_base64.0)?;
    Ok(Incoming {
        request: request::of_parts(method, uri, headers, body),
        form,
        target_group_arn: target_group_arn.map(Text::into_owned),
        client,
        request_context: Some(context.map_or_else(|| "{}".into(), |context| context.json())),
    })
}
