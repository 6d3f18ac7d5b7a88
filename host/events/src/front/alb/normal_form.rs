//! The normal form of a request: the information that an event keeps.

use bytes::Bytes;
use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request, Uri};

use super::HeaderMode;
use crate::http::cookies::join_cookies;
use crate::http::target::{RequestTarget, grouped};
use crate::http::{hop_by_hop, request};
use crate::json::MemberPath;

/// The request that remains after a conversion to an event and back. For every request that can become an event,
/// `decode(event(request)) == normal_form(mode, request)`.
///
/// - Repeated headers and query keys: single-value mode keeps the last value. Multi-value mode keeps all of them, at
///   the position of the first (`a=1&b=2&a=3` becomes `a=1&a=3&b=2`).
/// - Several `cookie` headers become one, joined by `; `, if the mode keeps all of them.
/// - `flag` becomes `flag=`. Empty segments between two `&`, and a `?` without a query, disappear.
/// - Path and query keep their bytes, but bytes that a URI must not contain are percent-encoded.
/// - The URI is absolute: its scheme is from `X-Forwarded-Proto`, its authority from the `host` header. Without that
///   header, the URI's own authority becomes the header. Without either, the authority is `localhost`.
/// - Hop-by-hop headers are removed, including those that `Connection` lists.
/// - Fragments are removed and header names are in lower case, as in every [`http::Request`].
/// - The body, the method and the order of the values of a header are kept. The HTTP version and the extensions are the
///   defaults.
///
/// A target that would exceed the limit of a URI, 65,534 bytes, is not changed; [`decode`](crate::decode()) rejects it.
pub fn normal_form(mode: HeaderMode, request: Request<Bytes>) -> Request<Bytes> {
    let added = request::host_of_target(&request);
    let headers = headers(mode, request.headers(), added);
    let uri = uri(mode, request.uri(), &headers).unwrap_or_else(|| request.uri().clone());
    let method = request.method().clone();
    let mut normal = Request::new(request.into_body());
    *normal.method_mut() = method;
    *normal.uri_mut() = uri;
    *normal.headers_mut() = headers;
    normal
}

fn headers(mode: HeaderMode, sent: &HeaderMap, host: Option<HeaderValue>) -> HeaderMap {
    let own = sent.keys().flat_map(|name| {
        let values: Vec<_> = sent.get_all(name).iter().collect();
        mode.kept(&values).iter().map(|&value| (name.clone(), value.clone())).collect::<Vec<_>>()
    });
    let mut headers = HeaderMap::new();
    for (name, value) in host.map(|host| (HOST, host)).into_iter().chain(own) {
        // A full map has no room for the added host. `decode` rejects so many names anyway.
        if headers.try_append(name, value).is_err() {
            break;
        }
    }
    hop_by_hop::strip(&mut headers);
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
