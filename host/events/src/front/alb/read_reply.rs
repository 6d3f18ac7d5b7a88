//! Decodes a reply into a response.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde::de::{IgnoredAny, MapAccess};

use super::{HeaderMode, LIMITS, ReplyForm};
use crate::http::body::decode_base64;
use crate::http::hop_by_hop;
use crate::http::status::{is_bodiless, is_sendable};
use crate::http::values::{MultiMap, SingleMap};
use crate::json::{InvalidMember, Key, Map, Member, MemberPath, Shape, Text, quoted};

/// The reason why a load balancer answers 502 instead of a reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The reply is malformed.
    #[error("{at}: {reason}")]
    Invalid {
        /// The path of the value in the reply; `reply` for the whole document.
        at: String,
        /// The expected and the found value.
        reason: String,
    },
    /// The reply, or its header block, is too large.
    #[error("{what}: {size} bytes, the load balancer accepts {limit}")]
    TooLarge {
        /// The part that is too large: `reply` or `headers`.
        what: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
}

impl ReplyError {
    /// The reason code in the load balancer's access log (AWS, "Access logs for your Application Load Balancer").
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "LambdaInvalidResponse",
            Self::TooLarge { .. } => "LambdaResponseTooLarge",
        }
    }
}

impl From<InvalidMember> for ReplyError {
    fn from(InvalidMember { at, reason }: InvalidMember) -> Self {
        Self::Invalid { at, reason }
    }
}

/// Decodes a function's reply as strictly as a load balancer does, and returns the response for the client.
///
/// `form` is the form that the event required. These replies are rejected:
///
/// - a document that is not a JSON object, or has null anywhere;
/// - a `statusCode` that is missing, not an integer, or outside 200 to 599;
/// - a `statusDescription` that is not a string, contains control characters, or begins with another code;
/// - an `isBase64Encoded` that is not a boolean;
/// - only the map of the other mode;
/// - a header value that is not a string, or contains control characters;
/// - a body that is not a string, or not standard base64;
/// - more than 1 MiB of JSON or 32 KiB of headers.
///
/// Like a load balancer, this function removes hop-by-hop headers. It omits the body in the answer to `HEAD` and with
/// 204 and 304. It removes `content-length` if a body is sent, because the length is then known.
///
/// # Errors
/// [`ReplyError`], whose [`reason`](ReplyError::reason) is the code for the access log.
pub fn read_reply(reply: &[u8], form: ReplyForm) -> Result<Response<Bytes>, ReplyError> {
    within("reply", reply.len(), LIMITS.reply)?;
    let whole = MemberPath::field("reply");
    let document: Member<Document<'_>> =
        serde_json::from_slice(reply).map_err(|error| whole.fault(format!("invalid JSON: {error}")))?;
    let document = document.required(whole)?;

    let status = status(document.status, document.description)?;
    let lines = lines(form.mode, document.headers, document.multi_headers)?;
    within("headers", lines.iter().map(|line| line.name.len() + line.value.len() + 4).sum(), LIMITS.headers)?;
    let keeps_length = form.head || status == StatusCode::NOT_MODIFIED;
    let headers = headers(lines, keeps_length)?;
    let body = body(document.body, document.is_base64)?;

    let mut response = Response::new(if form.head || is_bodiless(status) { Bytes::new() } else { body });
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

fn within(what: &'static str, size: usize, limit: usize) -> Result<(), ReplyError> {
    if size > limit { Err(ReplyError::TooLarge { what, size, limit }) } else { Ok(()) }
}

/// The fields of a reply. Unknown fields are skipped.
#[derive(Default)]
struct Document<'de> {
    status: Member<u64>,
    description: Member<Text<'de>>,
    is_base64: Member<bool>,
    headers: Member<SingleMap<'de>>,
    multi_headers: Member<MultiMap<'de>>,
    body: Member<Text<'de>>,
}

impl<'de> Shape<'de> for Document<'de> {
    const EXPECTED: &'static str = "an object";

    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut reply = Self::default();
        while let Some(Key(key)) = map.next_key()? {
            match &*key {
                "statusCode" => reply.status = map.next_value()?,
                "statusDescription" => reply.description = map.next_value()?,
                "isBase64Encoded" => reply.is_base64 = map.next_value()?,
                "headers" => reply.headers = map.next_value()?,
                "multiValueHeaders" => reply.multi_headers = map.next_value()?,
                "body" => reply.body = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Some(reply))
    }
}

fn status(code: Member<u64>, description: Member<Text<'_>>) -> Result<StatusCode, InvalidMember> {
    let place = MemberPath::field("statusCode");
    let code = code.required(place)?;
    let status =
        u16::try_from(code).ok().and_then(|code| StatusCode::from_u16(code).ok()).filter(|&code| is_sendable(code));
    let status = status.ok_or_else(|| place.fault(format!("expected 200 to 599, found {code}")))?;
    let place = MemberPath::field("statusDescription");
    match description.not_null(place)? {
        Some(text) if text.contains(char::is_control) || is_of_another(status, &text) => {
            Err(place.fault(format!("expected {} and a reason, found {}", status.as_str(), quoted(&text))))
        }
        _ => Ok(status),
    }
}

/// Whether a description begins with another status code. A description without a code is accepted.
fn is_of_another(status: StatusCode, text: &str) -> bool {
    let code = text.split(' ').next().unwrap_or_default();
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()) && code != status.as_str()
}

/// A header name with one of its values.
struct Line<'de> {
    place: String,
    name: Text<'de>,
    value: Text<'de>,
}

/// The headers in the map of the mode. The other map may be present too, but not alone.
fn lines<'de>(
    mode: HeaderMode,
    single: Member<SingleMap<'de>>,
    multi: Member<MultiMap<'de>>,
) -> Result<Vec<Line<'de>>, InvalidMember> {
    let (single_place, multi_place) = (MemberPath::field("headers"), MemberPath::field("multiValueHeaders"));
    match (mode, single.not_null(single_place)?, multi.not_null(multi_place)?) {
        (HeaderMode::Single, None, Some(_)) => {
            Err(multi_place.fault("the target group's headers are single-value: expected headers"))
        }
        (HeaderMode::Multi, Some(_), None) => {
            Err(single_place.fault("the target group's headers are multi-value: expected multiValueHeaders"))
        }
        (HeaderMode::Single, single, _) => {
            let entries = single.map_or(Vec::new(), |Map(entries)| entries);
            entries.into_iter().map(|(name, value)| line(single_place, name, None, value)).collect()
        }
        (HeaderMode::Multi, _, multi) => {
            let mut lines = Vec::new();
            for (name, values) in multi.map_or(Vec::new(), |Map(entries)| entries) {
                for (index, value) in values.required(multi_place.key(&name))?.into_iter().enumerate() {
                    lines.push(line(multi_place, name.clone(), Some(index), value)?);
                }
            }
            Ok(lines)
        }
    }
}

fn line<'de>(
    map: MemberPath<'_>,
    name: Text<'de>,
    index: Option<usize>,
    value: Member<Text<'de>>,
) -> Result<Line<'de>, InvalidMember> {
    let place = map.key(&name);
    let place = index.map_or(place, |index| place.index(index));
    let value = value.required(place)?;
    Ok(Line { place: place.to_string(), name, value })
}

fn headers(lines: Vec<Line<'_>>, keeps_length: bool) -> Result<HeaderMap, InvalidMember> {
    let mut headers = HeaderMap::new();
    for Line { place, name, value } in lines {
        let fault = |reason: &str| InvalidMember { at: place.clone(), reason: reason.into() };
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| fault("not a header name"))?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| fault("a value with control characters"))?;
        if keeps_length || name != CONTENT_LENGTH {
            headers.try_append(name, value).map_err(|_| fault("more than 24576 header names"))?;
        }
    }
    hop_by_hop::strip(&mut headers);
    Ok(headers)
}

fn body(body: Member<Text<'_>>, is_base64: Member<bool>) -> Result<Bytes, InvalidMember> {
    let place = MemberPath::field("body");
    let is_base64 = is_base64.not_null(MemberPath::field("isBase64Encoded"))?.unwrap_or(false);
    match body.not_null(place)? {
        None => Ok(Bytes::new()),
        Some(text) if is_base64 => decode_base64(&text, place),
        Some(text) => Ok(text.into_owned().into()),
    }
}
