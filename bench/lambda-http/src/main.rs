#![forbid(unsafe_code)]
//! A function in Rust without funcserver: `lambda_http` answers each event with the requested path and with the id of
//! its process.

use lambda_http::{Body, Error, Request, RequestExt, Response, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(answer)).await
}

async fn answer(request: Request) -> Result<Response<Body>, Error> {
    let text = format!("{} from process {}\n", request.raw_http_path(), std::process::id());
    Ok(Response::builder().header("content-type", "text/plain; charset=utf-8").body(text.into())?)
}
