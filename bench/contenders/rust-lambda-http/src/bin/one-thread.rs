#![forbid(unsafe_code)]
//! The router as a Lambda function on one thread, which is all that one event at a time has use for.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda_http::run(bench_rust::router()).await
}
