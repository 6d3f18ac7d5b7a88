//! Encodes a response as a reply.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::{HeaderMode, LIMITS, ReplyForm, cookie_case};
use crate::front::{EncodeError, FrontLimits, Reply};
use crate::http::header_writer::{HeaderWriter, Repeats};
use crate::http::hop_by_hop::HopByHop;
use crate::http::length;
use crate::http::media::{self, Media};
use crate::http::repeated::is_single;
use crate::http::status::{is_bodiless, is_sendable, reason};
use crate::json::JsonWriter;

/// The name of the front end in error messages.
const FRONT: &str = "the load balancer";

/// Options for encoding replies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyOptions {
    /// In single-value mode, send several cookies under names that differ in letter case. All of them then reach the
    /// client, but AWS does not document this behaviour. If false, only the last cookie is sent. Default: true.
    pub cookie_case_variants: bool,
    /// The largest reply that is accepted. Default: [`LIMITS`].
    pub limits: FrontLimits,
}

impl Default for ReplyOptions {
    fn default() -> Self {
        Self { cookie_case_variants: true, limits: LIMITS }
    }
}

/// Encodes a response as the JSON that the load balancer expects.
///
/// - The headers go into the map of the event's mode, and the other map is omitted. No value is null.
/// - In single-value mode repeated headers are joined by `, `, and cookies are sent as [`ReplyOptions`] says. Headers
///   that are not lists, such as `content-type` and `location`, send their first value.
/// - Hop-by-hop headers are removed, including those that `Connection` lists. Values that are not UTF-8 are read as
///   Latin-1.
/// - The body is sent as text if its media type, its encoding and its bytes allow it, otherwise as base64. The answer
///   to `HEAD` and responses with 204 and 304 have no body, even if the response carries one.
/// - `content-length` is kept if it is correct. It is also kept in the answer to `HEAD` and with 304, where it
///   describes a body that is not sent. It is removed with 204, which must not have one (RFC 9110, section 8.6).
///
/// # Errors
/// [`EncodeError`], for a response that the load balancer would answer with an opaque 502.
pub fn encode(response: &Response<Bytes>, form: ReplyForm, options: &ReplyOptions) -> Result<Reply, EncodeError> {
    let status = response.status();
    if !is_sendable(status) {
        return Err(EncodeError::Status { status: status.as_u16(), front: FRONT });
    }
    if let Some(stated) = length::contradiction(response, form.head) {
        return Err(EncodeError::Length { stated, actual: response.body().len() });
    }
    let body: &[u8] = if form.head || is_bodiless(status) { b"" } else { response.body() };
    let media = media::of_response(response.headers(), body);

    let mut json = JsonWriter::new(expected_size(response.headers(), &media), options.limits.reply);
    json.raw(&format!(r#"{{"statusCode":{0},"statusDescription":"{0} {1}""#, status.as_u16(), reason(status)));
    json.raw(match media {
        Media::Text(_) => r#","isBase64Encoded":false,"#,
        Media::Base64(_) => r#","isBase64Encoded":true,"#,
    });
    let cookies = headers(&mut json, response, form, options)?;
    json.raw(r#","body":"#);
    media.write(&mut json);
    json.raw("}");
    let limit = options.limits.reply;
    let json = json.finish().map_err(|size| EncodeError::Reply { size, limit, front: FRONT })?;
    Ok(Reply { json, cookie_variants: cookies.variants, cookies_lost: cookies.lost })
}

/// The size of the document if almost nothing must be escaped.
fn expected_size(headers: &HeaderMap, media: &Media<'_>) -> usize {
    let body = match media {
        Media::Text(text) => text.len() + text.len() / 16,
        Media::Base64(bytes) => bytes.len().div_ceil(3) * 4,
    };
    let headers: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 8).sum();
    128 + headers + body
}

/// How several cookies were sent.
#[derive(Default)]
struct Cookies {
    variants: bool,
    lost: usize,
}

/// Writes the map of headers.
fn headers(
    json: &mut JsonWriter,
    response: &Response<Bytes>,
    form: ReplyForm,
    options: &ReplyOptions,
) -> Result<Cookies, EncodeError> {
    let headers = response.headers();
    let hop_by_hop = HopByHop::of(headers);
    let has_no_length = response.status() == StatusCode::NO_CONTENT;
    let names = headers.keys().filter(|name| !(hop_by_hop.contains(name) || has_no_length && *name == CONTENT_LENGTH));

    let mut cookies = Cookies::default();
    let repeats = match form.mode {
        HeaderMode::Single => {
            json.raw(r#""headers":"#);
            Repeats::Joined
        }
        HeaderMode::Multi => {
            json.raw(r#""multiValueHeaders":"#);
            Repeats::Listed
        }
    };
    let mut map = HeaderWriter::open(json, repeats);
    for name in names {
        let values = headers.get_all(name).iter();
        match form.mode {
            // All lengths are equal, so one is enough.
            _ if *name == CONTENT_LENGTH => map.entry(name.as_str(), values.take(1)),
            HeaderMode::Single if headers.get_all(name).iter().nth(1).is_some() && is_single(name) => {
                map.entry(name.as_str(), values.take(1));
            }
            HeaderMode::Single if *name == SET_COOKIE => {
                cookies = several_cookies(&mut map, values.collect(), options)?
            }
            _ => map.entry(name.as_str(), values),
        }
    }
    let size = map.close();
    let limit = options.limits.headers;
    if size > limit { Err(EncodeError::Headers { size, limit, front: FRONT }) } else { Ok(cookies) }
}

/// Writes several cookies. They cannot be joined, because their dates contain commas (RFC 6265, section 3).
fn several_cookies<'a>(
    map: &mut HeaderWriter<'a>,
    values: Vec<&'a HeaderValue>,
    options: &ReplyOptions,
) -> Result<Cookies, EncodeError> {
    let count = values.len();
    if !options.cookie_case_variants {
        map.entry(SET_COOKIE.as_str(), values.into_iter().rev().take(1));
        return Ok(Cookies { variants: false, lost: count.saturating_sub(1) });
    }
    if count > cookie_case::VARIANTS {
        return Err(EncodeError::Cookies { count, limit: cookie_case::VARIANTS });
    }
    for (index, value) in values.into_iter().enumerate() {
        map.entry(&cookie_case::variant(index), std::iter::once(value));
    }
    Ok(Cookies { variants: count > 1, lost: 0 })
}
