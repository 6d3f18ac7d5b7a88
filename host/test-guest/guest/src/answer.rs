use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wasip2::http::types::ResponseOutparam;

use crate::body::Body;

/// The base64 alphabet for URLs, because `+` and `/` are not safe in headers. Padding is optional, because not every
/// client pads.
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A complete answer, which is sent and finished correctly.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(value: &Value) -> Self {
        Self::new(200, "application/json", value.to_string())
    }

    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", text.into())
    }

    pub fn bad_instruction(reason: String) -> Self {
        Self::text(400, format!("bad instruction: {reason}"))
    }

    /// Parses the answer from base64url of JSON: `status` (default 200), `headers`, a list of pairs of name and value
    /// (text, or `{"b64": "…"}` for bytes), and the body: `body_b64`, or `body_repeat`, a pair of byte and count.
    pub fn instructed(instruction: &str) -> Result<Self, String> {
        let wanted: Wanted = self::instruction(instruction)?;
        let headers = wanted.headers.into_iter().map(|(name, value)| Ok((name, value.bytes()?)));
        Ok(Self {
            status: wanted.status,
            headers: headers.collect::<Result<_, String>>()?,
            body: match (wanted.body_b64, wanted.body_repeat) {
                (Some(body), None) => base64(&body)?,
                (None, Some((byte, count))) => vec![byte; count],
                (None, None) => Vec::new(),
                (Some(_), Some(_)) => return Err("both body_b64 and body_repeat".to_owned()),
            },
        })
    }

    pub fn send(self, out: ResponseOutparam) {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        if let Some(mut body) = Body::start(out, self.status, headers) {
            body.write(&self.body);
            body.finish(None);
        }
    }

    fn new(status: u16, kind: &str, body: String) -> Self {
        let headers = vec![("content-type".to_owned(), kind.into())];
        Self { status, headers, body: body.into_bytes() }
    }
}

/// Parses base64url of JSON.
pub fn instruction<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let json = BASE64_URL.decode(text).map_err(|error| error.to_string())?;
    serde_json::from_slice(&json).map_err(|error| error.to_string())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: Vec<(String, HeaderValue)>,
    body_b64: Option<String>,
    body_repeat: Option<(u8, usize)>,
}

fn ok() -> u16 {
    200
}

#[derive(Deserialize)]
#[serde(untagged)]
enum HeaderValue {
    Text(String),
    Bytes { b64: String },
}

impl HeaderValue {
    fn bytes(self) -> Result<Vec<u8>, String> {
        match self {
            Self::Text(text) => Ok(text.into_bytes()),
            Self::Bytes { b64 } => base64(&b64),
        }
    }
}

fn base64(text: &str) -> Result<Vec<u8>, String> {
    BASE64_STANDARD.decode(text).map_err(|error| format!("{text:?} is not base64: {error}"))
}
