//! Decodes an event into a request.

use std::borrow::Cow;

use http::{HeaderMap, Request, Uri};
use serde::de::{IgnoredAny, MapAccess};

use super::ReplyForm;
use crate::front::{Envelope, Form, Incoming, InvalidEvent};
use crate::http::target::RequestTarget;
use crate::http::values::Values;
use crate::http::{body, client, headers, request};
use crate::json::{InvalidMember, Key, Member, MemberPath, Shape, Text};

/// The request in a load balancer's event.
pub(crate) fn decode(event: Envelope<'_>, trusted_hops: usize) -> Result<Incoming, InvalidEvent> {
    let form = Form::Alb(ReplyForm::of(&event));
    incoming(event, form, trusted_hops).map_err(|InvalidMember { at, reason }| InvalidEvent { form, at, reason })
}

fn incoming(event: Envelope<'_>, form: Form, trusted_hops: usize) -> Result<Incoming, InvalidMember> {
    let place = MemberPath::field("httpMethod");
    let method = request::method(event.http_method.required_ref(place)?, place)?;
    let values = Values::choose(("headers", &event.headers), ("multiValueHeaders", &event.multi_headers))?;
    let headers = headers::of_request(values)?;
    let client = client::address(&headers, trusted_hops);
    let uri = uri(&event, &headers)?;
    let context = event.context.optional(MemberPath::field("requestContext"))?;
    let target_group_arn = context.map_or(Ok(None), |context| target_group_arn(context.elb))?;

    let mut request = Request::new(body::of_request(event.body, event.is_base64)?);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(Incoming { request, form, target_group_arn, client, request_context: None })
}

fn uri(event: &Envelope<'_>, headers: &HeaderMap) -> Result<Uri, InvalidMember> {
    let path = MemberPath::field("path");
    let mut target = RequestTarget::new(event.path.required_ref(path)?, path)?;
    let query = Values::choose(
        ("queryStringParameters", &event.query),
        ("multiValueQueryStringParameters", &event.multi_query),
    )?;
    query.visit(|_, key, value| {
        target.push(key, value);
        Ok(())
    })?;
    request::uri(target.finish()?, headers).map_err(|error| path.fault(error.to_string()))
}

fn target_group_arn(elb: Member<Elb<'_>>) -> Result<Option<String>, InvalidMember> {
    let Some(elb) = elb.optional(MemberPath::field("requestContext.elb"))? else { return Ok(None) };
    let arn = elb.target_group_arn.optional(MemberPath::field("requestContext.elb.targetGroupArn"))?;
    Ok(arn.map(Cow::into_owned))
}

/// `requestContext.elb`, of which only `targetGroupArn` is read.
pub(crate) struct Elb<'de> {
    target_group_arn: Member<Text<'de>>,
}

impl<'de> Shape<'de> for Elb<'de> {
    const EXPECTED: &'static str = "an object";

    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut target_group_arn = Member::Absent;
        while let Some(Key(key)) = map.next_key()? {
            if key == "targetGroupArn" {
                target_group_arn = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Some(Self { target_group_arn }))
    }
}
