//! A shop with axum and tower-http.

mod api;
mod diagnostics;
mod error;
mod files;
mod pages;
mod state;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use tower::util::BoxCloneSyncService;
use tower::{Layer as _, ServiceExt as _};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::normalize_path::NormalizePathLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use state::Shop;

pub fn router(secret: String, greeting: String) -> Router {
    Router::new()
        .route("/", get(pages::home))
        .route("/hello/{name}", get(pages::hello))
        .route("/template", get(pages::template))
        .route("/form", get(pages::form).post(pages::sent))
        .route("/cookie", get(pages::cookie))
        .route("/session", get(pages::session))
        .route("/redirect", get(pages::redirect))
        .route("/json", get(api::json).post(api::json_back))
        .route("/query", get(api::query))
        .route("/headers", get(api::headers))
        .route("/items", get(api::list).post(api::add))
        .route("/items/{id}", get(api::show).put(api::change).delete(api::remove))
        .route("/upload", post(files::upload))
        .route("/static/{*path}", get(files::asset))
        .route("/download", get(files::download))
        .route("/stream", get(files::stream))
        .route("/large", get(files::large).post(files::size))
        .route("/echo", post(files::echo))
        .route("/variable", get(diagnostics::variable))
        .route("/secret", get(diagnostics::secret))
        .route("/boom", get(diagnostics::boom))
        .route("/boom-late", get(diagnostics::boom_late))
        .route("/abort", get(async || StatusCode::IM_A_TEAPOT))
        .route("/slow", get(diagnostics::slow))
        .route("/background", get(diagnostics::background))
        .route("/log", get(diagnostics::log))
        .route("/time", get(diagnostics::time))
        .route("/random", get(diagnostics::random))
        .route("/counter", get(diagnostics::counter))
        .with_state(Shop::new(secret, greeting))
        .layer(RequestBodyLimitLayer::new(1 << 20))
        .layer(CorsLayer::permissive())
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .layer(CompressionLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, Duration::from_secs(30)))
        .layer(CatchPanicLayer::new())
        .layer(PropagateRequestIdLayer::new(HeaderName::from_static("x-request-id")))
        // The handlers' errors are logged where they happen.
        .layer(TraceLayer::new_for_http().on_failure(()))
        .layer(SetRequestIdLayer::new(HeaderName::from_static("x-request-id"), MakeRequestUuid))
        .layer(SetSensitiveRequestHeadersLayer::new([header::AUTHORIZATION, header::COOKIE]))
}

/// The router, to which `/items/` is `/items`.
pub fn app<B>(secret: String, greeting: String) -> BoxCloneSyncService<Request<B>, Response, std::convert::Infallible>
where
    B: axum::body::HttpBody<Data = axum::body::Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    let service = NormalizePathLayer::trim_trailing_slash().layer(router(secret, greeting));
    BoxCloneSyncService::new(service.map_request(|request: Request<B>| request.map(Body::new)))
}
