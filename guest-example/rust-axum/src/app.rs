use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::{headers, pages};

pub fn app() -> Router {
    Router::new()
        .route("/", get(pages::home))
        .route("/products", get(pages::products))
        .route("/articles", get(pages::articles))
        .route("/headers", get(headers::seen))
        .route("/echo", post(echo))
        .fallback(async || (StatusCode::NOT_FOUND, "not found\n"))
        .method_not_allowed_fallback(async || (StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n"))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, Duration::from_secs(20)))
        .layer(TraceLayer::new_for_http())
}

async fn echo(mut headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let octets = HeaderValue::from_static("application/octet-stream");
    ([(CONTENT_TYPE, headers.remove(CONTENT_TYPE).unwrap_or(octets))], body)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(method: &str, path: &str, body: &'static str) -> (StatusCode, Bytes) {
        let request = Request::builder().method(method).uri(path).body(Body::from(body)).unwrap();
        let response = app().oneshot(request).await.unwrap();
        (response.status(), response.into_body().collect().await.unwrap().to_bytes())
    }

    #[tokio::test]
    async fn pages_are_html() {
        for (path, part) in [("/", "<h1>Home</h1>"), ("/products", "<li>Kettle</li>"), ("/articles", "Milk first?")] {
            let (status, body) = ask("GET", path, "").await;
            assert_eq!(status, StatusCode::OK);
            assert!(String::from_utf8_lossy(&body).contains(part), "{path}");
        }
    }

    #[tokio::test]
    async fn a_body_comes_back() {
        assert_eq!(ask("POST", "/echo", "tea").await, (StatusCode::OK, Bytes::from("tea")));
    }

    #[tokio::test]
    async fn other_paths_and_methods_are_refused() {
        assert_eq!(ask("GET", "/nothing", "").await.0, StatusCode::NOT_FOUND);
        assert_eq!(ask("DELETE", "/products", "").await.0, StatusCode::METHOD_NOT_ALLOWED);
    }
}
