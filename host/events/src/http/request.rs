//! Builds the parts of a request.

use http::uri::{self, PathAndQuery};
use http::{HeaderMap, Method, Uri};

use super::origin;
use crate::json::{InvalidMember, MemberPath, quoted};

/// Parses a method; `place` is its path in the event.
pub(crate) fn method(name: &str, place: MemberPath<'_>) -> Result<Method, InvalidMember> {
    Method::from_bytes(name.as_bytes())
        .map_err(|_| place.fault(format!("expected an HTTP method, found {}", quoted(name))))
}

/// The absolute URI of a request with this target and these headers. It is built from parts: if `//x` were parsed as a
/// whole, `x` would become the authority.
pub(crate) fn uri(target: PathAndQuery, headers: &HeaderMap) -> Result<Uri, uri::InvalidUriParts> {
    let mut parts = uri::Parts::default();
    parts.scheme = Some(origin::scheme(headers));
    parts.authority = Some(origin::authority(headers));
    parts.path_and_query = Some(target);
    Uri::from_parts(parts)
}
