//! Decodes request bodies.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::json::{InvalidMember, Member, MemberPath, Text};

/// The body of a request: `body`, decoded if `isBase64Encoded` is true. Both may be missing or null.
pub(crate) fn of_request(body: Member<Text<'_>>, is_base64: Member<bool>) -> Result<Bytes, InvalidMember> {
    at(body, is_base64, "isBase64Encoded")
}

/// The body of a request, with the name of the member that says whether it is base64.
pub(crate) fn at(body: Member<Text<'_>>, is_base64: Member<bool>, flag: &str) -> Result<Bytes, InvalidMember> {
    let place = MemberPath::field("body");
    let is_base64 = is_base64.optional(MemberPath::field(flag))?.unwrap_or(false);
    match body.optional(place)? {
        None => Ok(Bytes::new()),
        Some(text) if is_base64 => decode_base64(&text, place),
        Some(Cow::Borrowed(text)) => Ok(Bytes::copy_from_slice(text.as_bytes())),
        Some(Cow::Owned(text)) => Ok(text.into()),
    }
}

/// Decodes standard base64 (RFC 4648, section 4): padded, without line breaks.
pub(crate) fn decode_base64(text: &str, place: MemberPath<'_>) -> Result<Bytes, InvalidMember> {
    STANDARD.decode(text).map(Bytes::from).map_err(|error| place.fault(format!("invalid base64: {error}")))
}
