use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{Either, Full};

use crate::{headers, pages};

/// A complete body, or the request's own (`B`), which is sent back piece by piece as it arrives.
type Body<B> = Either<Full<Bytes>, B>;

/// Routes a request. HEAD is answered as GET, without the body.
pub fn answer<B>(request: Request<B>) -> Response<Body<B>> {
    let head = request.method() == Method::HEAD;
    let method = if head { &Method::GET } else { request.method() };
    let response = match (method.as_str(), request.uri().path()) {
        ("GET", "/") => html(pages::home()),
        ("GET", "/products") => html(pages::products()),
        ("GET", "/articles") => html(pages::articles()),
        ("GET", "/headers") => whole(StatusCode::OK, "application/json", headers::seen(&request).to_string()),
        ("POST", "/echo") => return echo(request).map(Either::Right),
        (_, "/" | "/products" | "/articles" | "/headers") => not_allowed("GET, HEAD"),
        (_, "/echo") => not_allowed("POST"),
        _ => text(StatusCode::NOT_FOUND, "not found\n"),
    };
    response.map(|body| Either::Left(if head { Full::default() } else { body }))
}

fn echo<B>(request: Request<B>) -> Response<B> {
    let (mut parts, body) = request.into_parts();
    let content_type = parts.headers.remove(CONTENT_TYPE);
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, content_type.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    response
}

fn not_allowed(allow: &'static str) -> Response<Full<Bytes>> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

fn html(page: String) -> Response<Full<Bytes>> {
    whole(StatusCode::OK, "text/html; charset=utf-8", page)
}

fn text(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    whole(status, "text/plain; charset=utf-8", text)
}

fn whole(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
