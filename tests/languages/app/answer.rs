//! An app's answer.

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use crate::check::Check;

pub(crate) struct Answer {
    /// The id of the request.
    pub(crate) id: String,
    pub(crate) response: Response<Bytes>,
}

impl Answer {
    /// Makes all checks. An error shows the answer.
    pub(crate) fn check(&self, checks: &[Check]) -> Result<(), String> {
        checks.iter().try_for_each(|check| check(&self.response).map_err(|reason| self.error(&reason)))
    }

    /// The only value of a header.
    pub(crate) fn header(&self, name: &str) -> Result<&str, String> {
        let mut values = self.response.headers().get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().map_err(|error| self.error(&format!("{name}: {error}"))),
            _ => Err(self.error(&format!("not exactly one {name}"))),
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(self.response.body()).into_owned()
    }

    /// The JSON value at a pointer (RFC 6901).
    pub(crate) fn json(&self, pointer: &str) -> Result<Value, String> {
        let value: Value =
            serde_json::from_slice(self.response.body()).map_err(|error| self.error(&format!("not JSON: {error}")))?;
        value.pointer(pointer).cloned().ok_or_else(|| self.error(&format!("nothing at {pointer}")))
    }

    /// `reason`, with the beginning of the answer.
    pub(crate) fn error(&self, reason: &str) -> String {
        let body: String = self.text().chars().take(2000).collect();
        format!("{reason}\n{} {:?}\n{body}", self.response.status(), self.response.headers())
    }
}
