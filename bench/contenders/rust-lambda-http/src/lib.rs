#![forbid(unsafe_code)]
//! The router of `guest-example/rust-axum` as a native program, with the same pages.

#[path = "../../../../guest-example/rust-axum/src/pages.rs"]
mod pages;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

/// The site.
pub fn router() -> Router {
    Router::new()
        .route("/", get(pages::home))
        .route("/products", get(pages::products))
        .route("/articles", get(pages::articles))
        .fallback(async || (StatusCode::NOT_FOUND, "not found\n"))
}
