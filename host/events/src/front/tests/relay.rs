//! A front end that exists only in tests: the *relay*. Its events share some members with a load balancer's events and
//! have others of their own. Its replies may be six times as large, and may be streamed.

use bytes::Bytes;
use http::header::{COOKIE, GetAll, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use serde::de::{IgnoredAny, MapAccess};

use crate::front::reply_document::TextMap;
use crate::front::{EncodeError, Envelope, FrontKind, FrontLimits, Incoming, InvalidEvent, alb};
use crate::http::header_writer::{HeaderWriter, Repeats};
use crate::http::media::{self, Media};
use crate::http::status::{is_bodiless, is_sendable};
use crate::http::target::{RequestTarget, grouped};
use crate::http::values::Values;
use crate::http::{body, headers, hop_by_hop, length, request};
use crate::json::{InvalidMember, JsonWriter, Key, Map, Member, MemberPath, Shape, Text, document};

/// The form of a relay's reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RelayForm {
    pub(super) head: bool,
}

impl RelayForm {
    pub(super) fn limits(self) -> FrontLimits {
        FrontLimits { reply: 6 << 20, headers: 10_240 }
    }

    pub(super) fn can_stream(self) -> bool {
        true
    }
}

/// The members of the events of both front ends.
#[derive(Default)]
struct BothEnvelopes<'de> {
    shared: Envelope<'de>,
    verb: Member<Text<'de>>,
    target: Member<Text<'de>>,
    cookies: Member<Vec<Member<Text<'de>>>>,
}

impl<'de> Shape<'de> for BothEnvelopes<'de> {
    const EXPECTED: &'static str = "an object";

    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut both = Self::default();
        while let Some(Key(name)) = map.next_key()? {
            match &*name {
                "verb" => both.verb = map.next_value()?,
                "target" => both.target = map.next_value()?,
                "cookies" => both.cookies = map.next_value()?,
                name => both.shared.read(name, &mut map)?,
            }
        }
        Ok(Some(both))
    }
}

/// An event of one of the two front ends, or of neither.
#[derive(Debug)]
pub(super) enum BothEvents {
    Alb(Result<Incoming, InvalidEvent>),
    Relay(Result<(Request<Bytes>, RelayForm), InvalidMember>),
    Other,
}

/// Decodes an event in one pass, and decides once which front end sent it.
pub(super) fn decode(event: &[u8]) -> BothEvents {
    let Ok(Member::Is(both @ BothEnvelopes { .. })) = document(event) else { return BothEvents::Other };
    match (&both.verb, both.shared.marks().front()) {
        (Member::Null | Member::Is(_) | Member::Other(_), _) => BothEvents::Relay(relayed(both)),
        (Member::Absent, Some(FrontKind::Alb(_))) => BothEvents::Alb(alb::decode(both.shared, 0)),
        (Member::Absent, _) => BothEvents::Other,
    }
}

fn relayed(event: BothEnvelopes<'_>) -> Result<(Request<Bytes>, RelayForm), InvalidMember> {
    let (verb, place) = (MemberPath::field("verb"), MemberPath::field("target"));
    let method = request::method(event.verb.required_ref(verb)?, verb)?;
    let lines = Values::choose(("headers", &event.shared.headers), ("", &Member::Absent))?;
    let mut headers = headers::of_request(lines)?;
    let cookies = MemberPath::field("cookies");
    for (index, cookie) in event.cookies.optional(cookies)?.unwrap_or_default().into_iter().enumerate() {
        let place = cookies.index(index);
        let line = HeaderValue::from_str(&cookie.required(place)?).map_err(|_| place.fault("not a cookie"))?;
        headers.append(COOKIE, line);
    }
    let (path, query) = split(event.target.required_ref(place)?);
    let uri = request::uri(target(path, query, place)?, &headers).map_err(|error| place.fault(error.to_string()))?;
    let form = RelayForm { head: method == Method::HEAD };
    let body = body::of_request(event.shared.body, event.shared.is_base64)?;
    Ok((request_of(method, uri, headers, body), form))
}

fn split(target: &str) -> (&str, &str) {
    target.split_once('?').unwrap_or((target, ""))
}

fn target(path: &str, query: &str, place: MemberPath<'_>) -> Result<http::uri::PathAndQuery, InvalidMember> {
    let mut target = RequestTarget::new(path, place)?;
    for (key, values) in grouped(query) {
        values.iter().for_each(|value| target.push(key, value));
    }
    target.finish()
}

fn request_of(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Request<Bytes> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    request
}

/// Encodes a request as the relay's event.
pub(super) fn event(request: &Request<Bytes>) -> Vec<u8> {
    let mut json = JsonWriter::new(0, usize::MAX);
    json.raw(r#"{"verb":"#);
    json.string(request.method().as_str());
    json.raw(r#","target":"#);
    json.string(&request.uri().to_string());
    json.raw(r#","headers":"#);
    let mut map = HeaderWriter::open(&mut json, Repeats::Joined);
    for name in request.headers().keys().filter(|name| *name != COOKIE) {
        map.entry(name.as_str(), request.headers().get_all(name).iter());
    }
    map.close();
    list(&mut json, r#","cookies":["#, request.headers().get_all(COOKIE));
    write_body(&mut json, media::choose(request.headers(), request.body(), |essence| essence.is_none()));
    json.finish().unwrap_or_default()
}

/// The information that an event keeps of a request. Repeated headers are joined by commas, but each cookie is kept.
/// The query is the same as a load balancer's. Hop-by-hop headers are removed.
pub(super) fn normal_form(request: &Request<Bytes>) -> Request<Bytes> {
    let sent = request.headers();
    let mut headers = HeaderMap::new();
    for name in sent.keys().filter(|name| *name != COOKIE) {
        let values: Vec<_> = sent.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        headers.extend(HeaderValue::from_bytes(&values.join(&b", "[..])).ok().map(|joined| (name.clone(), joined)));
    }
    hop_by_hop::strip(&mut headers);
    headers.extend(sent.get_all(COOKIE).iter().map(|cookie| (COOKIE, cookie.clone())));
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    let uri =
        target(path, query, MemberPath::field("target")).ok().and_then(|target| request::uri(target, &headers).ok());
    request_of(request.method().clone(), uri.unwrap_or_default(), headers, request.body().clone())
}

/// Encodes a response as the relay's reply.
pub(super) fn encode(response: &Response<Bytes>, form: RelayForm) -> Result<Vec<u8>, EncodeError> {
    const FRONT: &str = "the relay";
    let (status, headers, limits) = (response.status(), response.headers(), form.limits());
    if !is_sendable(status) {
        return Err(EncodeError::Status { status: status.as_u16(), front: FRONT });
    }
    if let Some(stated) = length::contradiction(response, form.head) {
        return Err(EncodeError::Length { stated, actual: response.body().len() });
    }
    let body: &[u8] = if form.head || is_bodiless(status) { b"" } else { response.body() };
    let mut json = JsonWriter::new(256 + body.len(), limits.reply);
    json.raw(r#"{"status":"#);
    json.raw(status.as_str());
    json.raw(r#","fields":"#);
    let hop_by_hop = hop_by_hop::HopByHop::of(headers);
    let mut map = HeaderWriter::open(&mut json, Repeats::Joined);
    for name in headers.keys().filter(|name| !hop_by_hop.contains(name) && *name != SET_COOKIE) {
        map.entry(name.as_str(), headers.get_all(name).iter());
    }
    let size = map.close();
    if size > limits.headers {
        return Err(EncodeError::Headers { size, limit: limits.headers, front: FRONT });
    }
    list(&mut json, r#","cookies":["#, headers.get_all(SET_COOKIE));
    write_body(&mut json, media::of_response(headers, body));
    json.finish().map_err(|size| EncodeError::Reply { size, limit: limits.reply, front: FRONT })
}

fn list(json: &mut JsonWriter, open: &str, values: GetAll<'_, HeaderValue>) {
    json.raw(open);
    let mut before = "";
    for value in values {
        json.raw(before);
        json.string(&headers::text(value));
        before = ",";
    }
    json.raw("]");
}

fn write_body(json: &mut JsonWriter, media: Media<'_>) {
    json.raw(r#","body":"#);
    media.write(json);
    json.raw(if matches!(media, Media::Text(_)) { "}" } else { r#","isBase64Encoded":true}"# });
}

/// The members of a reply.
#[derive(Default)]
struct RelayReply<'de> {
    status: Member<u64>,
    fields: Member<TextMap<'de>>,
    cookies: Member<Vec<Member<Text<'de>>>>,
    body: Member<Text<'de>>,
    is_base64: Member<bool>,
}

impl<'de> Shape<'de> for RelayReply<'de> {
    const EXPECTED: &'static str = "an object";

    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut reply = Self::default();
        while let Some(Key(name)) = map.next_key()? {
            match &*name {
                "status" => reply.status = map.next_value()?,
                "fields" => reply.fields = map.next_value()?,
                "cookies" => reply.cookies = map.next_value()?,
                "body" => reply.body = map.next_value()?,
                "isBase64Encoded" => reply.is_base64 = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Some(reply))
    }
}

/// Decodes a reply into the response that the relay sends to the client.
pub(super) fn read_reply(reply: &[u8]) -> Result<Response<Bytes>, InvalidMember> {
    let whole = MemberPath::field("reply");
    let reply: RelayReply<'_> = document(reply).map_err(|error| whole.fault(error))?.required(whole)?;
    let (status, cookies) = (MemberPath::field("status"), MemberPath::field("cookies"));
    let code = u16::try_from(reply.status.required(status)?).unwrap_or_default();
    let Map(entries) = reply.fields.required(MemberPath::field("fields"))?;
    let mut response = Response::new(body::of_request(reply.body, reply.is_base64)?);
    *response.status_mut() = StatusCode::from_u16(code).map_err(|error| status.fault(error.to_string()))?;
    for (name, value) in entries {
        let place = MemberPath::field("fields").key(&name);
        let line =
            HeaderValue::from_bytes(value.required(place)?.as_bytes()).map_err(|_| place.fault("not a value"))?;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| place.fault("not a name"))?;
        response.headers_mut().append(name, line);
    }
    for cookie in reply.cookies.required(cookies)? {
        let line = HeaderValue::from_str(&cookie.required(cookies)?).map_err(|_| cookies.fault("not a cookie"))?;
        response.headers_mut().append(SET_COOKIE, line);
    }
    Ok(response)
}
