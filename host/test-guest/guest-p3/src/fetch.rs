use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use wasip3::http::client::send;
use wasip3::http::types::{ErrorCode, Fields, Method, Request, Response, Scheme};
use wasip3::{spawn_local, wit_future, wit_stream};

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

/// Sends the request that base64url of JSON describes: `url`, and optionally `method` (default GET), `headers`, a list
/// of pairs whose values are Latin-1, and `body_b64` or `body_bytes`, the number of `x` in the body. Answers 200 with `status` and `body_b64`, or
/// with `error` and `message`, the text of an internal error.
pub async fn instructed(text: &str) -> Answer {
    let wanted = BASE64_URL_SAFE_NO_PAD.decode(text).ok().and_then(|json| serde_json::from_slice(&json).ok());
    let Some(request) = wanted.as_ref().and_then(described) else {
        return Answer::text(400, format!("bad instruction: {text:?} describes no request"));
    };
    match fetch(request).await {
        Ok((status, body)) => Answer::json(&json!({ "status": status, "body_b64": BASE64_STANDARD.encode(body) })),
        Err(ErrorCode::InternalError(text)) => Answer::json(&json!({ "error": "internal-error", "message": text })),
        Err(error) => Answer::json(&json!({ "error": format!("{error:?}") })),
    }
}

/// The request that JSON describes. Its body is written while it is sent.
fn described(wanted: &Value) -> Option<Request> {
    let headers = wanted["headers"].as_array().map_or(&[][..], Vec::as_slice);
    let latin = |text: &str| text.chars().map(|letter| u8::try_from(letter).ok()).collect::<Option<Vec<_>>>();
    let pairs = headers.iter().map(|pair| Some((pair[0].as_str()?.to_owned(), latin(pair[1].as_str()?)?)));
    let headers = Fields::from_list(&pairs.collect::<Option<Vec<_>>>()?).ok()?;
    let bytes = match (wanted["body_b64"].as_str(), wanted["body_bytes"].as_u64()) {
        (Some(text), _) => Some(BASE64_STANDARD.decode(text).ok()?),
        (None, count) => count.map(|count| vec![b'x'; usize::try_from(count).unwrap_or_default()]),
    };
    let (end, ended) = wit_future::new(|| Ok(None));
    let body = bytes.map(|bytes| {
        let (mut stream, reader) = wit_stream::new();
        spawn_local(async move {
            stream.write_all(bytes).await;
            drop(stream);
            // Nobody waits for the end of a body that was not sent.
            let _ = end.write(Ok(None)).await;
        });
        reader
    });
    let (request, _sent) = Request::new(headers, body, ended, None);
    if let Some(method) = wanted["method"].as_str() {
        request.set_method(&Method::Other(method.to_owned())).ok()?;
    }
    address(&request, wanted["url"].as_str()?)?;
    Some(request)
}

pub fn request(url: &str) -> Option<Request> {
    let (_, ended) = wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(fields(&[]), None, ended, None);
    address(&request, url)?;
    Some(request)
}

/// Sets where a request goes.
fn address(request: &Request, url: &str) -> Option<()> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    request.set_scheme(Some(&scheme)).ok()?;
    request.set_authority(Some(authority)).ok()?;
    request.set_path_with_query(Some(path)).ok()
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
