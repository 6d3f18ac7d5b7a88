use std::cell::OnceCell;
use std::io::Read;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use wasip2::http::types::{IncomingRequest, Method, Scheme};

use crate::answer::Answer;

/// A received request. Its body is not read yet.
pub struct Seen {
    method: String,
    path_with_query: Option<String>,
    scheme: Option<String>,
    authority: Option<String>,
    headers: Vec<(String, Vec<u8>)>,
    request: IncomingRequest,
    /// The body of an event, which its instruction is read from.
    event: OnceCell<Vec<u8>>,
}

impl Seen {
    pub fn of(request: IncomingRequest) -> Self {
        Self {
            method: method(request.method()),
            path_with_query: request.path_with_query(),
            scheme: request.scheme().map(scheme),
            authority: request.authority(),
            headers: request.headers().entries(),
            request,
            event: OnceCell::new(),
        }
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<String> {
        let (_, value) = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name))?;
        Some(String::from_utf8_lossy(value).into_owned())
    }

    /// The request itself.
    pub fn request(&self) -> &IncomingRequest {
        &self.request
    }

    /// The act in an event that was posted below `/events`: the member `act` of its JSON.
    pub fn act_of_event(&self) -> Option<String> {
        self.path_with_query.as_deref().filter(|path| path.starts_with("/events"))?;
        let body = self.body().ok()?;
        let event: Value = serde_json::from_slice(self.event.get_or_init(|| body)).ok()?;
        event["act"].as_str().map(str::to_owned)
    }

    /// Reads the body, to its end or to the error that ends it.
    pub fn body(&self) -> Result<Vec<u8>, String> {
        if let Some(event) = self.event.get() {
            return Ok(event.clone());
        }
        let body = self.request.consume().map_err(|()| "the body was taken before")?;
        let mut stream = body.stream().map_err(|()| "the body's stream was taken before")?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).map_err(|error| format!("the body ends early: {error}"))?;
        Ok(bytes)
    }

    /// Answers 200 with the whole request: `method`, `path_with_query`, `scheme`, `authority` (null if there is none),
    /// `headers` as pairs of name and value in base64, in the received order, and `body_b64`.
    pub fn mirror(&self) -> Answer {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (name, BASE64_STANDARD.encode(value))).collect();
        match self.body() {
            Ok(body) => Answer::json(&json!({
                "method": self.method,
                "path_with_query": self.path_with_query,
                "scheme": self.scheme,
                "authority": self.authority,
                "headers": headers,
                "body_b64": BASE64_STANDARD.encode(body),
            })),
            Err(reason) => Answer::text(400, reason),
        }
    }

    /// Answers 200 with only the length of the body, for bodies that are too large for an answer.
    pub fn measure(&self) -> Answer {
        match self.body() {
            Ok(body) => Answer::json(&json!({ "body_bytes": body.len() })),
            Err(reason) => Answer::text(400, reason),
        }
    }
}

fn method(method: Method) -> String {
    let name = match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(name) => return name,
    };
    name.to_owned()
}

fn scheme(scheme: Scheme) -> String {
    match scheme {
        Scheme::Http => "http".to_owned(),
        Scheme::Https => "https".to_owned(),
        Scheme::Other(name) => name,
    }
}
