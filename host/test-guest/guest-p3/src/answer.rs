use serde_json::Value;
use wasip3::http::types::{ErrorCode, Response};
use wasip3::spawn_local;

use crate::body::Body;

/// A complete answer, which is sent and finished correctly.
pub struct Answer {
    status: u16,
    kind: &'static str,
    body: Vec<u8>,
}

impl Answer {
    pub fn json(value: &Value) -> Self {
        Self { status: 200, kind: "application/json", body: value.to_string().into_bytes() }
    }

    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", body: text.into().into_bytes() }
    }

    /// Creates the response. Its body is written once the host accepts it.
    pub fn send(self) -> Result<Response, ErrorCode> {
        let (response, mut body) = Body::start(self.status, &[("content-type", self.kind)]);
        spawn_local(async move {
            body.write(self.body).await;
            body.finish(None).await;
        });
        Ok(response)
    }
}
