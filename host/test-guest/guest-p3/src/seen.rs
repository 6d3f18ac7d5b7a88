use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use wasip3::http::types::{ErrorCode, Method, Request, Scheme, Trailers};
use wasip3::wit_bindgen::{FutureReader, StreamReader, StreamResult};
use wasip3::wit_future;

use crate::answer::Answer;

/// The number of bytes of a body that are read at a time.
const PIECE: usize = 16 * 1024;

/// A received request. Its body is not read yet.
pub struct Seen {
    method: String,
    path_with_query: Option<String>,
    scheme: Option<String>,
    authority: Option<String>,
    headers: Vec<(String, Vec<u8>)>,
    body: Body,
}

/// The body of a request.
enum Body {
    /// It is not read yet.
    Coming(Request),
    /// It was read, because it is an event with an instruction.
    Read(Vec<u8>),
}

/// The body of a request, piece by piece.
pub struct Pieces {
    stream: StreamReader<u8>,
    end: FutureReader<Result<Option<Trailers>, ErrorCode>>,
}

impl Seen {
    pub fn of(request: Request) -> Self {
        Self {
            method: method(request.get_method()),
            path_with_query: request.get_path_with_query(),
            scheme: request.get_scheme().map(scheme),
            authority: request.get_authority(),
            headers: request.get_headers().copy_all(),
            body: Body::Coming(request),
        }
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<String> {
        let (_, value) = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name))?;
        Some(String::from_utf8_lossy(value).into_owned())
    }

    /// The request, and the act that it asks for if it is an event below `/events`: the member `act` of its JSON.
    pub async fn event(mut self) -> Result<(Self, Option<String>), String> {
        if !self.path_with_query.as_deref().is_some_and(|path| path.starts_with("/events")) {
            return Ok((self, None));
        }
        let body = whole(self.body).await?;
        let act = serde_json::from_slice::<Value>(&body).ok().and_then(|event| Some(event["act"].as_str()?.to_owned()));
        self.body = Body::Read(body);
        Ok((self, act))
    }

    /// The pieces of a body that is not read yet.
    pub fn pieces(self) -> Pieces {
        match self.body {
            Body::Coming(request) => pieces(request),
            Body::Read(_) => panic!("the body of an event was read before"),
        }
    }

    /// Answers 200 with the whole request: `method`, `path_with_query`, `scheme`, `authority` (null if there is none),
    /// `headers` as pairs of name and value in base64, in the received order, and `body_b64`.
    pub async fn mirror(self) -> Answer {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (name, BASE64_STANDARD.encode(value))).collect();
        let mut seen = json!({
            "method": self.method,
            "path_with_query": self.path_with_query,
            "scheme": self.scheme,
            "authority": self.authority,
            "headers": headers,
        });
        match whole(self.body).await {
            Ok(body) => {
                seen["body_b64"] = BASE64_STANDARD.encode(body).into();
                Answer::json(&seen)
            }
            Err(reason) => Answer::text(400, reason),
        }
    }

    /// Answers 200 with only the length of the body, for bodies that are too large for an answer.
    pub async fn measure(self) -> Answer {
        match whole(self.body).await {
            Ok(body) => Answer::json(&json!({ "body_bytes": body.len() })),
            Err(reason) => Answer::text(400, reason),
        }
    }
}

fn pieces(request: Request) -> Pieces {
    let (_, done) = wit_future::new(|| Ok(()));
    let (stream, end) = Request::consume_body(request, done);
    Pieces { stream, end }
}

async fn whole(body: Body) -> Result<Vec<u8>, String> {
    match body {
        Body::Coming(request) => pieces(request).whole().await,
        Body::Read(body) => Ok(body),
    }
}

impl Pieces {
    /// The next piece, or `None` at the end of the body.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        let (result, bytes) = self.stream.read(Vec::with_capacity(PIECE)).await;
        match result {
            StreamResult::Dropped | StreamResult::Cancelled if bytes.is_empty() => None,
            _ => Some(bytes),
        }
    }

    /// The whole body, or the reason why it ended early.
    pub async fn whole(mut self) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        while let Some(piece) = self.next().await {
            body.extend(piece);
        }
        drop(self.stream);
        self.end.await.map_err(|error| format!("the body ends early: {error:?}"))?;
        Ok(body)
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
