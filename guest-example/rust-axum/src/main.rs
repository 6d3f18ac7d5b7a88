//! A router behind a load balancer, with axum, as a `wasi:http` component.

mod headers;
mod pages;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};

#[wstd_axum::http_server]
fn main() -> Router {
    Router::new()
        .route("/", get(pages::home))
        .route("/products", get(pages::products))
        .route("/articles", get(pages::articles))
        .route("/headers", get(headers::seen))
        .route("/echo", post(echo))
        .fallback(async || (StatusCode::NOT_FOUND, "not found\n"))
        .method_not_allowed_fallback(async || (StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n"))
}

async fn echo(mut headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let octets = HeaderValue::from_static("application/octet-stream");
    ([(CONTENT_TYPE, headers.remove(CONTENT_TYPE).unwrap_or(octets))], body)
}
