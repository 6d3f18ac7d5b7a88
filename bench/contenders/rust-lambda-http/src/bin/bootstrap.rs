#![forbid(unsafe_code)]
//! The router as a Lambda function. One thread: with more it starts later.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda_http::run(bench_rust::router()).await
}
