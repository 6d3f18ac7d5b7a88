//! The JSON of a reply, as front ends read it.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde::de::{IgnoredAny, MapAccess};

use super::reply_error::{ReplyError, within};
use crate::http::body::decode_base64;
use crate::http::hop_by_hop;
use crate::http::status::{is_bodiless, is_sendable};
use crate::http::values::MultiMap;
use crate::json::{InvalidMember, Key, Map, Member, MemberPath, Shape, Text, quoted};

/// A map with one text for each name.
pub(crate) type TextMap<'de> = Map<'de, Text<'de>>;

/// The fields of a reply. Unknown fields are skipped.
#[derive(Default)]
pub(crate) struct ReplyDocument<'de> {
    pub(crate) status: Member<u64>,
    pub(crate) description: Member<Text<'de>>,
    pub(crate) is_base64: Member<bool>,
    pub(crate) headers: Member<TextMap<'de>>,
    pub(crate) multi_headers: Member<MultiMap<'de>>,
    pub(crate) cookies: Member<Vec<Member<Text<'de>>>>,
    pub(crate) body: Member<Text<'de>>,
}

impl<'de> ReplyDocument<'de> {
    /// Parses a reply of at most `limit` bytes. `front` is the front end in words.
    pub(crate) fn parse(reply: &'de [u8], limit: usize, front: &'static str) -> Result<Member<Self>, ReplyError> {
        within("reply", reply.len(), limit, front)?;
        serde_json::from_slice(reply).map_err(|error| REPLY.fault(format!("invalid JSON: {error}")).into())
    }
}

impl<'de> ReplyDocument<'de> {
    /// Parses the prelude of a stream, which has status, headers and cookies alone. `front` is the front end in words.
    pub(crate) fn prelude(prelude: &'de [u8], front: &'static str) -> Result<Self, ReplyError> {
        let document = Self::parse(prelude, prelude.len(), front)?.required(REPLY)?;
        let absent = |name, is_absent: bool| match is_absent {
            true => Ok(()),
            false => Err(MemberPath::field(name).fault("a stream begins with the status, headers and cookies alone")),
        };
        absent("statusDescription", matches!(document.description, Member::Absent))?;
        absent("isBase64Encoded", matches!(document.is_base64, Member::Absent))?;
        absent("body", matches!(document.body, Member::Absent))?;
        Ok(document)
    }
}

/// The head of the response that the client gets for a stream. A `content-length` is kept.
pub(crate) fn head(status: StatusCode, lines: Vec<HeaderLine<'_>>) -> Result<Response<()>, InvalidMember> {
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.headers_mut() = headers(lines, true)?;
    Ok(response)
}

/// The place of a whole reply in an error.
pub(crate) const REPLY: MemberPath<'_> = MemberPath::field("reply");

impl<'de> Shape<'de> for ReplyDocument<'de> {
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
                "cookies" => reply.cookies = map.next_value()?,
                "body" => reply.body = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Some(reply))
    }
}

/// The status, and whether a description contradicts it.
pub(crate) fn status(code: Member<u64>, description: Member<Text<'_>>) -> Result<StatusCode, InvalidMember> {
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
pub(crate) struct HeaderLine<'de> {
    place: String,
    pub(crate) name: Text<'de>,
    value: Text<'de>,
}

impl HeaderLine<'_> {
    /// Its size as a line of HTTP/1.1.
    pub(crate) fn size(&self) -> usize {
        self.name.len() + self.value.len() + ": \r\n".len()
    }
}

/// The lines of a map with one text for each name.
pub(crate) fn single_lines<'de>(map: TextMap<'de>) -> Result<Vec<HeaderLine<'de>>, InvalidMember> {
    let place = MemberPath::field("headers");
    map.0.into_iter().map(|(name, value)| line(place, name, None, value)).collect()
}

/// The lines of a map with a list of texts for each name.
pub(crate) fn multi_lines<'de>(map: MultiMap<'de>) -> Result<Vec<HeaderLine<'de>>, InvalidMember> {
    let place = MemberPath::field("multiValueHeaders");
    let mut lines = Vec::new();
    for (name, values) in map.0 {
        for (index, value) in values.required(place.key(&name))?.into_iter().enumerate() {
            lines.push(line(place, name.clone(), Some(index), value)?);
        }
    }
    Ok(lines)
}

/// The lines of a list of cookies.
pub(crate) fn cookie_lines<'de>(
    cookies: Member<Vec<Member<Text<'de>>>>,
) -> Result<Vec<HeaderLine<'de>>, InvalidMember> {
    let place = MemberPath::field("cookies");
    let cookies = cookies.not_null(place)?.unwrap_or_default().into_iter().enumerate();
    cookies
        .map(|(index, cookie)| {
            let place = place.index(index);
            Ok(HeaderLine { place: place.to_string(), name: "set-cookie".into(), value: cookie.required(place)? })
        })
        .collect()
}

fn line<'de>(
    map: MemberPath<'_>,
    name: Text<'de>,
    index: Option<usize>,
    value: Member<Text<'de>>,
) -> Result<HeaderLine<'de>, InvalidMember> {
    let place = map.key(&name);
    let place = index.map_or(place, |index| place.index(index));
    let value = value.required(place)?;
    Ok(HeaderLine { place: place.to_string(), name, value })
}

/// The headers of the response that the client gets.
pub(crate) fn headers(lines: Vec<HeaderLine<'_>>, keeps_length: bool) -> Result<HeaderMap, InvalidMember> {
    let mut headers = HeaderMap::new();
    for HeaderLine { place, name, value } in lines {
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

/// The body of the reply.
pub(crate) fn body(body: Member<Text<'_>>, is_base64: Member<bool>) -> Result<Bytes, InvalidMember> {
    let place = MemberPath::field("body");
    let is_base64 = is_base64.not_null(MemberPath::field("isBase64Encoded"))?.unwrap_or(false);
    match body.not_null(place)? {
        None => Ok(Bytes::new()),
        Some(text) if is_base64 => decode_base64(&text, place),
        Some(text) => Ok(text.into_owned().into()),
    }
}

/// The response that the client gets.
pub(crate) fn response(status: StatusCode, headers: HeaderMap, body: Bytes, head: bool) -> Response<Bytes> {
    let mut response = Response::new(if head || is_bodiless(status) { Bytes::new() } else { body });
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
