//! Converts header fields from JSON to the `http` crate.

use std::borrow::Cow;

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::values::Values;
use super::{cookies, hop_by_hop};
use crate::json::{InvalidMember, quoted};

/// The most header fields of a request. A field uses about a hundred bytes of memory besides its text, but may take
/// only three bytes in the event. No front end sends nearly as many.
const MAX_FIELDS: usize = 100_000;

/// The headers of a request, without the hop-by-hop headers and with at most one `cookie` header. Names that differ
/// only in letter case are the same name.
pub(crate) fn of_request(values: Values<'_, '_>) -> Result<HeaderMap, InvalidMember> {
    let mut headers = read(values)?;
    for_handler(&mut headers);
    Ok(headers)
}

/// Removes the hop-by-hop headers, and joins several `cookie` headers.
pub(crate) fn for_handler(headers: &mut HeaderMap) {
    hop_by_hop::strip(headers);
    cookies::join_cookies(headers);
}

/// All headers of a request.
pub(crate) fn read(values: Values<'_, '_>) -> Result<HeaderMap, InvalidMember> {
    let too_many = |_| values.place().fault("more than 24576 header names");
    let mut headers = HeaderMap::try_with_capacity(values.len()).map_err(too_many)?;
    let mut fields = 0;
    // One allocation for all values.
    let mut memory = BytesMut::with_capacity(values.text_len());
    values.visit(|place, name, value| {
        fields += 1;
        if fields > MAX_FIELDS {
            return Err(place.fault("more than 100000 header fields"));
        }
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| place.fault("not a header name"))?;
        memory.extend_from_slice(value.as_bytes());
        let value = HeaderValue::from_maybe_shared(memory.split().freeze())
            .map_err(|_| place.fault(format!("expected no control characters, found {}", quoted(value))))?;
        headers.try_append(name, value).map_err(too_many)?;
        Ok(())
    })?;
    Ok(headers)
}

/// A header value as text: UTF-8, or Latin-1 if it is not valid UTF-8. In Latin-1 every byte is a character.
pub(crate) fn text(value: &HeaderValue) -> Cow<'_, str> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.into(),
        Err(_) => value.as_bytes().iter().map(|&byte| char::from(byte)).collect(),
    }
}
