//! What an event keeps of a request.

use super::HeaderMode;
use crate::{
    http::{
        cookies::join_cookies,
        hop, request,
        target::{RequestTarget, grouped},
    },
    json::MemberPath,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Uri, header::HOST, uri::PathAndQuery};

/// What is left of a request once it has been an event: for every request that an event can be made of,
/// `decode(event(request)) == normal_form(mode, request)`.
///
/// - Repeated headers and keys of the query: single-value mode keeps the last value; multi-value mode keeps all, at the place
///   of the first (`a=1&b=2&a=3` becomes `a=1&a=3&b=2`).
/// - Several `cookie` headers are one, joined by `; `, where the mode keeps them all.
/// - `flag` becomes `flag=`; nothing between two `&`, and a `?` with nothing after it, disappear.
/// - Path and query keep their bytes; what no URI may hold is percent-encoded.
/// - The URI is absolute: its scheme from `X-Forwarded-Proto`, its authority from the `host` header. Where there is no such
///   header, the URI's own authority becomes one; without either, the authority is `localhost`.
/// - Hop-by-hop headers are gone, with those that `Connection` names.
/// - Fragments are gone, and header names are in lower case; an [`http::Request`] never has them otherwise.
/// - The body, the method and the order of one header's values stay. HTTP version and extensions are the default ones.
///
/// A target that would be longer than a URI may be, 65,534 bytes, stays as it was; [`decode`](crate::decode()) refuses it.
pub fn normal_form(mode: HeaderMode, request: Request<Bytes>) -> Request<Bytes> {
    let added = host_of_target(&request);
    let headers = headers(mode, request.headers(), added);
    let uri = uri(mode, request.uri(), &headers).unwrap_or_else(|| request.uri().clone());
    let method = request.method().clone();
    let mut normal = Request::new(request.into_body());
    *normal.method_mut() = method;
    *normal.uri_mut() = uri;
    *normal.headers_mut() = headers;
    normal
}

/// The `host` header that a request lacks and its target has (RFC 9112, section 3.2.2).
pub(super) fn host_of_target(request: &Request<Bytes>) -> Option<HeaderValue> {
    let authority = request.uri().authority().filter(|_| !request.headers().contains_key(HOST))?;
    let host = authority.as_str().rsplit('@').next()?;
    HeaderValue::from_str(host).ok()
}

fn headers(mode: HeaderMode, sent: &HeaderMap, host: Option<HeaderValue>) -> HeaderMap {
    let own = sent.keys().flat_map(|name| {
        let values: Vec<_> = sent.get_all(name).iter().collect();
        mode.kept(&values).iter().map(|&value| (name.clone(), value.clone())).collect::<Vec<_>>()
    });
    let mut headers = HeaderMap::new();
    for (name, value) in host.map(|host| (HOST, host)).into_iter().chain(own) {
        // A map that is full already has no room for the added host; `decode` refuses so many names anyway.
        if headers.try_append(name, value).is_err() {
            break;
        }
    }
    hop::strip(&mut headers);
    join_cookies(&mut headers);
    headers
}

fn uri(mode: HeaderMode, sent: &Uri, headers: &HeaderMap) -> Option<Uri> {
    request::uri(target(mode, sent)?, headers).ok()
}

fn target(mode: HeaderMode, sent: &Uri) -> Option<PathAndQuery> {
    let mut target = RequestTarget::new(sent.path(), MemberPath::field("path")).ok()?;
    for (key, values) in grouped(sent.query().unwrap_or_default()) {
        mode.kept(&values).iter().for_each(|value| target.push(key, value));
    }
    target.finish().ok()
}
