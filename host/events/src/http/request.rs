//! A request is put together.

use super::origin;
use crate::json::{InvalidMember, MemberPath, quoted};
use http::{
    HeaderMap, Method, Uri,
    uri::{self, PathAndQuery},
};

/// The method of that name, which stands at `place`.
pub(crate) fn method(name: &str, place: MemberPath<'_>) -> Result<Method, InvalidMember> {
    Method::from_bytes(name.as_bytes())
        .map_err(|_| place.fault(format!("expected an HTTP method, found {}", quoted(name))))
}

/// The absolute URI of a request with this target and these headers. It is made from its parts: parsed as a whole, a
/// path `//x` would become an authority.
pub(crate) fn uri(target: PathAndQuery, headers: &HeaderMap) -> Result<Uri, uri::InvalidUriParts> {
    let mut parts = uri::Parts::default();
    parts.scheme = Some(origin::scheme(headers));
    parts.authority = Some(origin::authority(headers));
    parts.path_and_query = Some(target);
    Uri::from_parts(parts)
}
