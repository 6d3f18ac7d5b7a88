//! Expected answers, which are decided before the answers arrive.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

/// The answer to an event.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Whether it is an invocation error.
    pub(crate) error: bool,
    pub(crate) body: Vec<u8>,
}

/// One answer, or a set of them.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    /// 200 with this body.
    Body(Vec<u8>),
    /// 200 with a body that begins and ends with the texts of one of these pairs.
    Like(&'static [(&'static str, &'static str)]),
    /// An answer of the host with one of these kinds, and the kind's status.
    Failure(&'static [&'static str]),
    /// An invocation error of this type.
    Error(&'static str),
    /// Either of two.
    Either(Box<Expected>, Box<Expected>),
}

impl Expected {
    pub(crate) fn text(text: &str) -> Self {
        Self::Body(text.as_bytes().to_vec())
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self::Either(Box::new(self), Box::new(other))
    }

    /// Whether the answer is as expected.
    pub(crate) fn fits(&self, reply: &Reply) -> bool {
        let body = || (reply.status == 200 && reply.kind.is_none()).then_some(&reply.body);
        match self {
            Self::Body(expected) => body() == Some(expected),
            Self::Like(all) => body().is_some_and(|body| {
                all.iter().any(|(start, end)| body.starts_with(start.as_bytes()) && body.ends_with(end.as_bytes()))
            }),
            Self::Failure(kinds) => {
                reply.kind.as_deref().is_some_and(|kind| kinds.contains(&kind) && status(kind) == Some(reply.status))
            }
            Self::Error(kind) => reply.error.as_deref() == Some(*kind),
            Self::Either(one, other) => one.fits(reply) || other.fits(reply),
        }
    }
}

/// The status of a kind; docs/troubleshooting.md has the table.
fn status(kind: &str) -> Option<u64> {
    Some(match kind {
        "bad-event" => 400,
        "event-path" => 404,
        "trap" | "stack" | "exit" | "memory" | "instantiate" | "no-answer" | "body-broken" | "host" => 500,
        "status" | "headers-too-large" | "reply-too-large" | "cookies" | "length" => 502,
        "deadline" => 504,
        _ => return None,
    })
}

/// A parsed answer.
#[derive(Default)]
pub(crate) struct Reply {
    status: u64,
    kind: Option<String>,
    error: Option<String>,
    body: Vec<u8>,
}

impl Reply {
    pub(crate) fn read(answer: &Answer) -> Result<Self, String> {
        let json: Value = serde_json::from_slice(&answer.body).map_err(|error| format!("no JSON: {error}"))?;
        if answer.error {
            let kind = json["errorType"].as_str().ok_or("an error without a type")?;
            return Ok(Self { error: Some(kind.to_owned()), ..Self::default() });
        }
        let status = json["statusCode"].as_u64().ok_or("no statusCode")?;
        let text = json["body"].as_str().ok_or("no body")?;
        let body = match json["isBase64Encoded"].as_bool() {
            Some(true) => BASE64_STANDARD.decode(text).map_err(|error| format!("no base64: {error}"))?,
            _ => text.as_bytes().to_vec(),
        };
        let one = &json["headers"]["x-funcserver-error"];
        let many = &json["multiValueHeaders"]["x-funcserver-error"][0];
        let kind = one.as_str().or(many.as_str()).map(str::to_owned);
        Ok(Self { status, kind, error: None, body })
    }

    /// The label under which answers are counted.
    pub(crate) fn label(&self) -> String {
        match (&self.error, &self.kind) {
            (Some(error), _) => format!("error {error}"),
            (_, Some(kind)) => format!("{} {kind}", self.status),
            _ => self.status.to_string(),
        }
    }

    /// The answer as a report shows it.
    pub(crate) fn shown(&self) -> String {
        let text = self.body[..self.body.len().min(40)].escape_ascii();
        format!("{}, {} bytes: {text}", self.label(), self.body.len())
    }
}

/// FNV-1a. The guests use it to report the bytes that they read.
pub(crate) fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
