//! A shop behind a load balancer, with axum, as a `wasi:http` component.

mod app;
mod headers;
mod pages;

fn main() {
    // Each record is a line of JSON, whose level and message the host's log takes over.
    tracing_subscriber::fmt().json().without_time().with_max_level(tracing::Level::INFO).init();
    funcserver_guest::serve(app::app());
}
