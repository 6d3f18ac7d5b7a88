//! Requests from the host.

use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full};
use wasip2::http::types::{self, IncomingRequest, Scheme};

use crate::{Body, LambdaContext, body, fields};

/// The request for the service; or the answer, if `http` cannot express the request.
pub(crate) fn read(request: IncomingRequest) -> Result<Request<Body>, Response<Body>> {
    let (Some(method), Some(uri)) = (method(&request.method()), uri(&request)) else {
        let body = Full::from("the request's method or path is malformed\n").map_err(|never| match never {});
        let mut response = Response::new(body.boxed_unsync());
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return Err(response);
    };
    let mut headers = fields::read(&request.headers());
    // An HTTP server's request has it, and handlers read it; to the host it is the authority.
    let host = uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let (Some(host), false) = (host, headers.contains_key(header::HOST)) {
        headers.insert(header::HOST, host);
    }
    let context = LambdaContext::of(&headers);
    let body = match request.consume() {
        Ok(arriving) => body::arriving(arriving),
        Err(()) => http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync(),
    };
    let mut read = Request::new(body);
    *read.method_mut() = method;
    *read.uri_mut() = uri;
    *read.headers_mut() = headers;
    if let Some(context) = context {
        read.extensions_mut().insert(context);
    }
    Ok(read)
}

fn method(method: &types::Method) -> Option<Method> {
    Some(match method {
        types::Method::Get => Method::GET,
        types::Method::Head => Method::HEAD,
        types::Method::Post => Method::POST,
        types::Method::Put => Method::PUT,
        types::Method::Delete => Method::DELETE,
        types::Method::Connect => Method::CONNECT,
        types::Method::Options => Method::OPTIONS,
        types::Method::Trace => Method::TRACE,
        types::Method::Patch => Method::PATCH,
        types::Method::Other(name) => Method::from_bytes(name.as_bytes()).ok()?,
    })
}

fn uri(request: &IncomingRequest) -> Option<Uri> {
    let path = request.path_with_query().unwrap_or_else(|| "/".to_owned());
    let Some(authority) = request.authority() else { return path.parse().ok() };
    let scheme = match request.scheme() {
        Some(Scheme::Http) => "http".to_owned(),
        None | Some(Scheme::Https) => "https".to_owned(),
        Some(Scheme::Other(scheme)) => scheme,
    };
    Uri::builder().scheme(scheme.as_str()).authority(authority).path_and_query(path).build().ok()
}
