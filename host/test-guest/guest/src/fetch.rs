use std::io::Read;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{ErrorCode, Fields, IncomingResponse, OutgoingRequest, Scheme};

use crate::answer::Answer;

/// Gets a URL. 200 with `status` and `body_b64`, or with `error`, the error code's name as WIT writes it.
pub fn answer(url: &str) -> Answer {
    let Some(request) = request(url) else {
        return Answer::bad_instruction(format!("{url:?} is no URL that can be fetched"));
    };
    match send(request) {
        Ok(response) => Answer::json(&json!({
            "status": response.status(),
            "body_b64": BASE64_STANDARD.encode(body(response)),
        })),
        Err(error) => Answer::json(&json!({ "error": name(&error) })),
    }
}

fn request(url: &str) -> Option<OutgoingRequest> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, "/"),
    };
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&scheme)).ok()?;
    request.set_authority(Some(authority)).ok()?;
    request.set_path_with_query(Some(path)).ok()?;
    Some(request)
}

fn send(request: OutgoingRequest) -> Result<IncomingResponse, ErrorCode> {
    let response = handle(request, None)?;
    response.subscribe().block();
    let ready = response.get().expect("the host says that the response is ready");
    ready.expect("the response is taken once")
}

fn body(response: IncomingResponse) -> Vec<u8> {
    let mut bytes = Vec::new();
    let body = response.consume().expect("the body is taken once");
    let mut stream = body.stream().expect("the body's stream is taken once");
    if let Err(error) = stream.read_to_end(&mut bytes) {
        eprintln!("the fetched body ends early: {error}");
    }
    bytes
}

/// From Rust's spelling (`ErrorCode::HttpRequestDenied`) to WIT's (`HTTP-request-denied`).
fn name(error: &ErrorCode) -> String {
    let spelled = format!("{error:?}");
    let variant = spelled.trim_start_matches("ErrorCode::");
    let variant = variant.split('(').next().unwrap_or(variant);
    let mut words = Vec::new();
    let mut rest = variant;
    while !rest.is_empty() {
        let end = rest.char_indices().skip(1).find(|(_, letter)| letter.is_uppercase());
        let (word, tail) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        words.push(match word {
            "Dns" | "Http" | "Ip" | "Tls" | "Uri" => word.to_uppercase(),
            _ => word.to_lowercase(),
        });
        rest = tail;
    }
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_codes_are_named_as_in_wit() {
        assert_eq!(name(&ErrorCode::HttpRequestDenied), "HTTP-request-denied");
        assert_eq!(name(&ErrorCode::DestinationIpProhibited), "destination-IP-prohibited");
        assert_eq!(name(&ErrorCode::InternalError(Some("a(b)".to_owned()))), "internal-error");
    }
}
