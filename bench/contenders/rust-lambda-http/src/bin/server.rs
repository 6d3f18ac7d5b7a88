#![forbid(unsafe_code)]
//! The router as a server on `PORT`, for the Lambda Web Adapter.

use std::io;
use std::net::Ipv4Addr;

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse::<u16>().ok());
    let port = port.ok_or_else(|| io::Error::other("PORT is not a port: set it, for example PORT=8080"))?;
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    axum::serve(listener, bench_rust::router()).await
}
