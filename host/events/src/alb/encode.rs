//! A response becomes a reply.

use super::{
    HeaderMode, ReplyForm, cookie,
    hop::Hop,
    json::Json,
    media::{self, Media},
    repeated::is_single,
    status::{is_bodiless, is_sendable, reason},
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{CONTENT_LENGTH, SET_COOKIE},
};
use std::borrow::Cow;

/// How replies are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyOptions {
    /// In single-value mode, send several cookies under names that differ in letter case, which gets all of them to the
    /// client but which AWS promises nothing about. If not, the last cookie is sent. Default: true.
    pub cookie_case_variants: bool,
    /// The largest reply, in bytes of JSON. Default: 1,048,576 (AWS: 1 MB).
    pub max_reply: usize,
    /// The largest header block, in bytes: name, value and 4 for each line. Default: 32,768 (AWS: 32 K).
    pub max_headers: usize,
}

impl Default for ReplyOptions {
    fn default() -> Self {
        Self { cookie_case_variants: true, max_reply: 1_048_576, max_headers: 32_768 }
    }
}

/// A reply, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The JSON document.
    pub json: Vec<u8>,
    /// Cookies went out under names that differ in letter case.
    pub cookie_variants: bool,
    /// Cookies that could not go out: more than one in single-value mode, without letter-case variants.
    pub cookies_lost: usize,
}

/// Why a response cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The status is outside 200 to 599.
    #[error("the response's status is {status}, the load balancer sends 200 to 599")]
    Status {
        /// The response's status.
        status: u16,
    },
    /// The header block is too large.
    #[error("the response's headers have {size} bytes, the load balancer accepts {limit}")]
    Headers {
        /// Bytes of the header block.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The reply's JSON is too large.
    #[error("the reply has {size} bytes of JSON, the load balancer accepts {limit}")]
    Reply {
        /// Bytes of the JSON document.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// `content-length` contradicts the body.
    #[error("the response's content-length says {stated:?}, its body has {actual} bytes")]
    Length {
        /// The header's value.
        stated: String,
        /// Bytes of the body.
        actual: usize,
    },
    /// There are more cookies than letter-case variants of `set-cookie`.
    #[error("the response sets {count} cookies, single-value headers carry {limit}")]
    Cookies {
        /// Cookies in the response.
        count: usize,
        /// Cookies that there are names for.
        limit: usize,
    },
}

/// Turns a response into the JSON that the load balancer expects.
///
/// - The headers go into the map of the event's mode, and the other map is left out. Nothing is null.
/// - In single-value mode repeated headers are joined by `, `, cookies as [`ReplyOptions`] says. Of headers that are no lists,
///   like `content-type` and `location`, the first value goes out.
/// - Hop-by-hop headers are removed, with those that `Connection` names. Values that are no UTF-8 are read as Latin-1.
/// - The body is text if its type, its encoding and its bytes allow it, else base64. There is none in the answer to `HEAD`
///   and with 204 and 304, whatever the response carries.
/// - `content-length` stays if it is right, and in the answer to `HEAD` and with 304, where it speaks of a body that is not
///   sent. It goes with 204, which must not have one (RFC 9110, section 8.6).
///
/// # Errors
/// What the load balancer would answer with an opaque 502: see [`EncodeError`].
pub fn encode(response: &Response<Bytes>, form: ReplyForm, options: &ReplyOptions) -> Result<Reply, EncodeError> {
    let status = response.status();
    if !is_sendable(status) {
        return Err(EncodeError::Status { status: status.as_u16() });
    }
    check_length(response, form)?;
    let body: &[u8] = if form.head || is_bodiless(status) { b"" } else { response.body() };
    let media = media::of_response(response.headers(), body);

    let mut json = Json::new(expected_size(response.headers(), &media), options.max_reply);
    json.raw(&format!(r#"{{"statusCode":{0},"statusDescription":"{0} {1}""#, status.as_u16(), reason(status)));
    json.raw(match media {
        Media::Text(_) => r#","isBase64Encoded":false,"#,
        Media::Base64(_) => r#","isBase64Encoded":true,"#,
    });
    let cookies = headers(&mut json, response, form, options)?;
    json.raw(r#","body":"#);
    match media {
        Media::Text(text) => json.string(text),
        Media::Base64(bytes) => json.base64(bytes),
    }
    json.raw("}");
    let json = json.finish().map_err(|size| EncodeError::Reply { size, limit: options.max_reply })?;
    Ok(Reply { json, cookie_variants: cookies.variants, cookies_lost: cookies.lost })
}

/// What the document will need if next to nothing has to be escaped.
fn expected_size(headers: &HeaderMap, media: &Media<'_>) -> usize {
    let body = match media {
        Media::Text(text) => text.len() + text.len() / 16,
        Media::Base64(bytes) => bytes.len().div_ceil(3) * 4,
    };
    let headers: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 8).sum();
    128 + headers + body
}

fn check_length(response: &Response<Bytes>, form: ReplyForm) -> Result<(), EncodeError> {
    let status = response.status();
    let actual = response.body().len();
    let is_right = |stated: &HeaderValue| {
        let stated = stated.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        match stated.and_then(|text| text.parse::<u64>().ok()) {
            Some(_) if form.head || status == StatusCode::NOT_MODIFIED => true,
            Some(length) => usize::try_from(length) == Ok(actual),
            None => false,
        }
    };
    let mut stated = response.headers().get_all(CONTENT_LENGTH).iter();
    match stated.find(|stated| status != StatusCode::NO_CONTENT && !is_right(stated)) {
        Some(stated) => Err(EncodeError::Length { stated: text(stated).into_owned(), actual }),
        None => Ok(()),
    }
}

/// What became of several cookies.
#[derive(Default)]
struct Cookies {
    variants: bool,
    lost: usize,
}

/// Writes the map of the headers.
fn headers(
    json: &mut Json,
    response: &Response<Bytes>,
    form: ReplyForm,
    options: &ReplyOptions,
) -> Result<Cookies, EncodeError> {
    let headers = response.headers();
    let hop = Hop::of(headers);
    let has_no_length = response.status() == StatusCode::NO_CONTENT;
    let names = headers.keys().filter(|name| !(hop.ends(name) || has_no_length && *name == CONTENT_LENGTH));

    let mut cookies = Cookies::default();
    let mut map = HeaderMapWriter::open(json, form.mode);
    for name in names {
        let values = headers.get_all(name).iter();
        match form.mode {
            // Several lengths are equal, and one is enough.
            _ if *name == CONTENT_LENGTH => map.entry(name.as_str(), values.take(1)),
            HeaderMode::Single if headers.get_all(name).iter().nth(1).is_some() && is_single(name) => {
                map.entry(name.as_str(), values.take(1));
            }
            HeaderMode::Single if *name == SET_COOKIE => cookies = map.cookies(values.collect(), options)?,
            _ => map.entry(name.as_str(), values),
        }
    }
    let size = map.close();
    let limit = options.max_headers;
    if size > limit { Err(EncodeError::Headers { size, limit }) } else { Ok(cookies) }
}

/// Writes a map of headers, and counts what they will take as lines of HTTP.
struct HeaderMapWriter<'a> {
    json: &'a mut Json,
    mode: HeaderMode,
    separator: &'static str,
    lines: usize,
}

impl<'a> HeaderMapWriter<'a> {
    fn open(json: &'a mut Json, mode: HeaderMode) -> Self {
        json.raw(match mode {
            HeaderMode::Single => r#""headers":{"#,
            HeaderMode::Multi => r#""multiValueHeaders":{"#,
        });
        Self { json, mode, separator: "", lines: 0 }
    }

    fn close(self) -> usize {
        self.json.raw("}");
        self.lines
    }

    /// Several values are a list in multi-value mode, and joined to one text in the other.
    fn entry(&mut self, name: &str, values: impl Iterator<Item = &'a HeaderValue>) {
        let (open, between, close) = match self.mode {
            HeaderMode::Single => ("\"", ", ", "\""),
            HeaderMode::Multi => ("[\"", "\",\"", "\"]"),
        };
        self.json.raw(self.separator);
        self.json.string(name);
        self.json.raw(":");
        let mut before = open;
        for value in values {
            let value = text(value);
            self.json.raw(before);
            self.json.escaped(&value);
            self.lines += name.len() + value.len() + ": \r\n".len();
            before = between;
        }
        self.json.raw(close);
        self.separator = ",";
    }

    /// Cookies cannot be joined: their dates hold commas (RFC 6265, section 3).
    fn cookies(&mut self, values: Vec<&'a HeaderValue>, options: &ReplyOptions) -> Result<Cookies, EncodeError> {
        let count = values.len();
        if !options.cookie_case_variants {
            self.entry(SET_COOKIE.as_str(), values.into_iter().rev().take(1));
            return Ok(Cookies { variants: false, lost: count.saturating_sub(1) });
        }
        if count > cookie::VARIANTS {
            return Err(EncodeError::Cookies { count, limit: cookie::VARIANTS });
        }
        for (index, value) in values.into_iter().enumerate() {
            self.entry(&cookie::variant(index), std::iter::once(value));
        }
        Ok(Cookies { variants: count > 1, lost: 0 })
    }
}

/// A header value as text: UTF-8, or else Latin-1, in which every byte is a character.
pub(super) fn text(value: &HeaderValue) -> Cow<'_, str> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.into(),
        Err(_) => value.as_bytes().iter().map(|&byte| char::from(byte)).collect(),
    }
}
