use std::io::{self, Write};

use serde_json::Value;
use wasip2::http::types::{ErrorCode, Fields, OutgoingBody, OutgoingResponse, ResponseOutparam};

/// A complete response. The host sets its length.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn new(status: u16, content_type: &[u8], body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status, headers, body: body.into() }
    }

    pub fn html(page: String) -> Self {
        Self::new(200, b"text/html; charset=utf-8", page)
    }

    pub fn json(value: &Value) -> Self {
        Self::new(200, b"application/json", format!("{value:#}\n"))
    }

    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Self::new(status, b"text/plain; charset=utf-8", text.into())
    }

    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends it to the host: first status and headers, then the body.
    pub fn send(self, out: ResponseOutparam) -> io::Result<()> {
        let response = match self.head() {
            Ok(response) => response,
            Err(error) => {
                ResponseOutparam::set(out, Err(ErrorCode::InternalError(Some(error.to_string()))));
                return Err(error);
            }
        };
        let body = response.body().map_err(|()| io::Error::other("its body was taken before"))?;
        ResponseOutparam::set(out, Ok(response));

        // The host takes a limited number of bytes at a time; `write_all` handles that.
        let mut stream = body.write().map_err(|()| io::Error::other("its stream was taken before"))?;
        stream.write_all(&self.body)?;
        stream.flush().map_err(io::Error::other)?;
        drop(stream);
        OutgoingBody::finish(body, None).map_err(io::Error::other)
    }

    fn head(&self) -> io::Result<OutgoingResponse> {
        let fields = Fields::new();
        for (name, value) in &self.headers {
            fields.append(name, value).map_err(io::Error::other)?;
        }
        let response = OutgoingResponse::new(fields);
        response
            .set_status_code(self.status)
            .map_err(|()| io::Error::other(format!("{} is no status", self.status)))?;
        Ok(response)
    }
}
