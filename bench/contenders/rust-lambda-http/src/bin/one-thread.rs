#![forbid(unsafe_code)]
//! The router as a Lambda function with one thread, which is enough for one event at a time.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda_http::run(bench_rust::router()).await
}
