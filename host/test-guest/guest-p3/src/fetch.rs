use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use wasip3::http::client::send;
use wasip3::http::types::{ErrorCode, Request, Response, Scheme};
use wasip3::wit_future;

use crate::answer::Answer;
use crate::body::fields;

/// Gets a URL. Answers 200 with `status` and `body_b64`, or with `error`, the Rust name of the error code.
pub async fn answer(url: &str) -> Answer {
    let Some(request) = request(url) else {
        return Answer::text(400, format!("bad instruction: {url:?} is no URL that can be fetched"));
    };
    match fetch(request).await {
        Ok((status, body)) => Answer::json(&json!({ "status": status, "body_b64": BASE64_STANDARD.encode(body) })),
        Err(error) => Answer::json(&json!({ "error": format!("{error:?}") })),
    }
}

pub fn request(url: &str) -> Option<Request> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    let (_, ended) = wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(fields(&[]), None, ended, None);
    request.set_scheme(Some(&scheme)).ok()?;
    request.set_authority(Some(authority)).ok()?;
    request.set_path_with_query(Some(path)).ok()?;
    Some(request)
}

async fn fetch(request: Request) -> Result<(u16, Vec<u8>), ErrorCode> {
    let response = send(request).await?;
    let status = response.get_status_code();
    let (_, done) = wit_future::new(|| Ok(()));
    let (stream, end) = Response::consume_body(response, done);
    let body = stream.collect().await;
    end.await?;
    Ok((status, body))
}
