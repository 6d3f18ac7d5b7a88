#![forbid(unsafe_code)]
//! The router as a Lambda function, as in the documentation of lambda_http: with a thread for each processor.

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    lambda_http::run(bench_rust::router()).await
}
