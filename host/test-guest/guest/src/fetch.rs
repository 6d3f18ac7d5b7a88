use std::io::{Read, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};

use crate::answer::{Answer, instruction};

/// Gets a URL; see [`Wanted::answer`].
pub fn answer(url: &str) -> Answer {
    Wanted { url: url.to_owned(), ..Wanted::default() }.answer()
}

/// Sends the request that base64url of JSON describes: `url`, and optionally `method` (default GET), `headers`, a list
/// of pairs, `body_b64` or `body_bytes`, the number of `x` in the body, `trailers`, pairs that follow the body, and the
/// timeouts `connect_ms`, `first_byte_ms` and `between_bytes_ms`.
pub fn instructed(text: &str) -> Answer {
    match instruction::<Wanted>(text) {
        Ok(wanted) => wanted.answer(),
        Err(reason) => Answer::bad_instruction(reason),
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    url: String,
    method: Option<String>,
    headers: Vec<(String, String)>,
    body_b64: Option<String>,
    body_bytes: Option<usize>,
    trailers: Option<Vec<(String, String)>>,
    connect_ms: Option<u64>,
    first_byte_ms: Option<u64>,
    between_bytes_ms: Option<u64>,
}

impl Wanted {
    /// Answers 200 with `status`, `headers` as pairs of name and text, `body_b64`, `whole`, whether the body is
    /// complete, and `trailers`, pairs or null; or with `error`, the name of the error code in WIT, and `message`, its text
    /// or null.
    fn answer(&self) -> Answer {
        let Some(request) = self.request() else {
            return Answer::bad_instruction(format!(
                "{:?} is no URL that can be fetched, or a header is none",
                self.url
            ));
        };
        let response = match self.send(request) {
            Ok(response) => response,
            Err(error) => return Answer::json(&json!({ "error": name(&error), "message": message(&error) })),
        };
        let headers = pairs(&response.headers());
        let status = response.status();
        let (body, whole, trailers) = body(response);
        Answer::json(&json!({
            "status": status,
            "headers": headers,
            "body_b64": BASE64_STANDARD.encode(body),
            "whole": whole,
            "trailers": trailers,
        }))
    }

    fn request(&self) -> Option<OutgoingRequest> {
        let (scheme, rest) = self.url.split_once("://")?;
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, "/"),
        };
        let scheme = match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => Scheme::Other(other.to_owned()),
        };
        let request = OutgoingRequest::new(fields(&self.headers)?);
        let method = match self.method.as_deref() {
            None | Some("GET") => Method::Get,
            Some("POST") => Method::Post,
            Some(other) => Method::Other(other.to_owned()),
        };
        request.set_method(&method).ok()?;
        request.set_scheme(Some(&scheme)).ok()?;
        request.set_authority(Some(authority)).ok()?;
        request.set_path_with_query(Some(path)).ok()?;
        Some(request)
    }

    fn options(&self) -> RequestOptions {
        let options = RequestOptions::new();
        let nanoseconds = |milliseconds: u64| milliseconds * 1_000_000;
        let set = [
            options.set_connect_timeout(self.connect_ms.map(nanoseconds)),
            options.set_first_byte_timeout(self.first_byte_ms.map(nanoseconds)),
            options.set_between_bytes_timeout(self.between_bytes_ms.map(nanoseconds)),
        ];
        assert!(set.iter().all(Result::is_ok), "the host takes every timeout");
        options
    }

    fn send(&self, request: OutgoingRequest) -> Result<IncomingResponse, ErrorCode> {
        let body = match (&self.body_b64, self.body_bytes) {
            (Some(text), _) => Some(BASE64_STANDARD.decode(text).expect("the test writes base64")),
            (None, count) => count.map(|count| vec![b'x'; count]),
        };
        let body = body.map(|bytes| (request.body().expect("a new request's body is not taken"), bytes));
        let response = handle(request, Some(self.options()))?;
        if let Some((body, bytes)) = body {
            let mut stream = body.write().expect("a new body's stream is not taken");
            if let Err(error) = stream.write_all(&bytes).and_then(|()| Write::flush(&mut stream)) {
                eprintln!("the body cannot be sent: {error}");
            }
            drop(stream);
            let trailers = self.trailers.as_deref().map(|trailers| fields(trailers).expect("the test writes trailers"));
            OutgoingBody::finish(body, trailers)?;
        }
        response.subscribe().block();
        let ready = response.get().expect("the host says that the response is ready");
        ready.expect("the response is taken once")
    }
}

/// The body, whether it is complete, and its trailers.
fn body(response: IncomingResponse) -> (Vec<u8>, bool, Option<Value>) {
    let mut bytes = Vec::new();
    let body = response.consume().expect("the body is taken once");
    let mut stream = body.stream().expect("the body's stream is taken once");
    let read = stream.read_to_end(&mut bytes);
    drop(stream);
    if let Err(error) = &read {
        eprintln!("the fetched body ends early: {error}");
        return (bytes, false, None);
    }
    let trailers = IncomingBody::finish(body);
    trailers.subscribe().block();
    let trailers = trailers.get().expect("the host says that they are ready").expect("they are taken once");
    (bytes, trailers.is_ok(), trailers.ok().flatten().map(|trailers| pairs(&trailers)))
}

/// Decodes values as Latin-1.
fn pairs(fields: &Fields) -> Value {
    let text = |value: &[u8]| value.iter().map(|&byte| char::from(byte)).collect::<String>();
    fields.entries().iter().map(|(name, value)| json!([name, text(value)])).collect()
}

/// Encodes values as Latin-1.
fn fields(pairs: &[(String, String)]) -> Option<Fields> {
    let bytes = |text: &str| text.chars().map(|letter| u8::try_from(letter).ok()).collect::<Option<Vec<_>>>();
    let pairs: Option<Vec<_>> = pairs.iter().map(|(name, value)| Some((name.clone(), bytes(value)?))).collect();
    Fields::from_list(&pairs?).ok()
}

/// The text of an error code that has one.
fn message(error: &ErrorCode) -> Option<&str> {
    match error {
        ErrorCode::InternalError(text) => text.as_deref(),
        _ => None,
    }
}

/// Converts the Rust name of an error code (`ErrorCode::HttpRequestDenied`) to the name in WIT (`HTTP-request-denied`).
pub fn name(error: &ErrorCode) -> String {
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
