//! Answers with many or empty parts.

use wasip3::http::types::Response;
use wasip3::spawn_local;

use crate::body::Body;
use crate::seen::Seen;

pub fn echo(seen: Seen) -> Response {
    let (response, mut body) = Body::start(200, &[("content-type", "application/octet-stream")]);
    spawn_local(async move {
        let mut pieces = seen.pieces();
        while let Some(piece) = pieces.next().await {
            body.write(piece).await;
        }
        body.finish(None).await;
    });
    response
}

pub fn headers(count: usize, bytes: usize) -> Response {
    let value = "x".repeat(bytes);
    let names: Vec<_> = (0..count).map(|number| format!("x-{number}")).collect();
    let headers: Vec<_> = names.iter().map(|name| (name.as_str(), value.as_str())).collect();
    written(Body::start(200, &headers), "headers")
}

pub fn empty_writes(count: usize) -> Response {
    let (response, mut body) = Body::start(200, &[("content-type", "text/plain")]);
    spawn_local(async move {
        for _ in 0..count {
            body.write(Vec::new()).await;
        }
        body.write(b"written").await;
        body.finish(None).await;
    });
    response
}

fn written((response, mut body): (Response, Body), text: &'static str) -> Response {
    spawn_local(async move {
        body.write(text.as_bytes()).await;
        body.finish(None).await;
    });
    response
}
