//! Builds the parts of a request.

use bytes::Bytes;
use http::header::HOST;
use http::uri::{self, Authority, PathAndQuery};
use http::{HeaderMap, HeaderValue, Method, Request, Uri};

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
    uri_at(origin::authority(headers), target, headers)
}

/// The absolute URI of a request with this target and these headers, at an authority.
pub(crate) fn uri_at(
    authority: Authority,
    target: PathAndQuery,
    headers: &HeaderMap,
) -> Result<Uri, uri::InvalidUriParts> {
    let mut parts = uri::Parts::default();
    parts.scheme = Some(origin::scheme(headers));
    parts.authority = Some(authority);
    parts.path_and_query = Some(target);
    Uri::from_parts(parts)
}

/// A request of its parts.
pub(crate) fn of_parts(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Request<Bytes> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    request
}

/// The value for a missing `host` header, from the authority of the target (RFC 9112, section 3.2.2).
pub(crate) fn host_of_target(request: &Request<Bytes>) -> Option<HeaderValue> {
    let authority = request.uri().authority().filter(|_| !request.headers().contains_key(HOST))?;
    let host = authority.as_str().rsplit('@').next()?;
    HeaderValue::from_str(host).ok()
}
