//! Bodies out of JSON.

use crate::json::{InvalidMember, Member, MemberPath, Text};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use std::borrow::Cow;

/// The body of a request: `body`, as `isBase64Encoded` says. Both may be missing or null.
pub(crate) fn of_request(body: Member<Text<'_>>, is_base64: Member<bool>) -> Result<Bytes, InvalidMember> {
    let place = MemberPath::field("body");
    let is_base64 = is_base64.optional(MemberPath::field("isBase64Encoded"))?.unwrap_or(false);
    match body.optional(place)? {
        None => Ok(Bytes::new()),
        Some(text) if is_base64 => decode_base64(&text, place),
        Some(Cow::Borrowed(text)) => Ok(Bytes::copy_from_slice(text.as_bytes())),
        Some(Cow::Owned(text)) => Ok(text.into()),
    }
}

/// Plain base64 as RFC 4648, section 4, has it: padded, without line breaks.
pub(crate) fn decode_base64(text: &str, place: MemberPath<'_>) -> Result<Bytes, InvalidMember> {
    STANDARD.decode(text).map(Bytes::from).map_err(|error| place.fault(format!("no base64: {error}")))
}
