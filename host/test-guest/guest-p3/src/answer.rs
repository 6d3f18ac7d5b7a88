use serde_json::Value;
use wasip3::http::types::{ErrorCode, Response};
use wasip3::spawn_local;

use crate::body::Body;

/// A whole answer, sent and finished as it should be.
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

    /// The response. Its body is written once the host takes it.
    pub fn send(self) -> Result<Response, ErrorCode> {
        let (response, mut body) = Body::start(self.status, &[("content-type", self.kind)]);
        spawn_local(async move {
            body.write(self.body).await;
            body.finish(None).await;
        });
        Ok(response)
    }
}
