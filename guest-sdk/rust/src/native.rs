//! An ordinary server, for `cargo run`.

use std::env;
use std::io;

use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::Body;
use crate::service::Handler;

pub(crate) fn serve(handler: Handler) {
    let address = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    // A thread of its own, because `main` may be in a runtime.
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async move {
            let listener = TcpListener::bind(&address).await?;
            eprintln!("listening on http://{}", listener.local_addr()?);
            accept(listener, handler).await
        })
    });
    let ended: io::Result<()> = server.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    if let Err(error) = ended {
        panic!("the server cannot run (the variable LISTEN names its address): {error}");
    }
}

async fn accept(listener: TcpListener, handler: Handler) -> io::Result<()> {
    loop {
        let (connection, _) = listener.accept().await?;
        tokio::spawn(talk(connection, handler.clone()));
    }
}

async fn talk(connection: TcpStream, handler: Handler) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = handler(request.map(|body| body.map_err(Into::into).boxed_unsync()));
        async move { Ok::<_, std::convert::Infallible>(answer.await.unwrap_or_else(|error| failure(&error))) }
    });
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(connection), service).await {
        eprintln!("connection: {error}");
    }
}

fn failure(error: &str) -> Response<Body> {
    eprintln!("{error}");
    let body = http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn it_answers_over_a_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let handler: Handler = Arc::new(|request| {
            Box::pin(async move {
                if request.uri().path() == "/fail" {
                    Err("no stock".to_owned())
                } else {
                    Ok(Response::new(request.into_body()))
                }
            })
        });
        let server = tokio::spawn(accept(listener, handler));
        for (path, status) in [("/echo", "200 OK"), ("/fail", "500 Internal Server Error")] {
            let mut connection = TcpStream::connect(address).await.unwrap();
            let request =
                format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello");
            connection.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            connection.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
            assert_eq!(answer.ends_with("hello"), path == "/echo", "{answer}");
        }
        server.abort();
    }
}
