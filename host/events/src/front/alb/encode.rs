//! Encodes a response as a reply.

use bytes::Bytes;
use http::Response;
use http::header::SET_COOKIE;

use super::{HeaderMode, LIMITS, ReplyForm};
use crate::front::cookie_case::{SentCookies, one_text_each};
use crate::front::sendable::Sendable;
use crate::front::{EncodeError, FrontLimits, Reply};
use crate::http::header_writer::{HeaderWriter, Repeats};
use crate::http::media::Media;
use crate::http::status::reason;
use crate::json::JsonWriter;

/// The name of the front end in error messages.
pub(super) const FRONT: &str = "the load balancer";

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
    let sendable = Sendable::check(response, form.head, FRONT)?;
    let Sendable { status, media, .. } = sendable;

    let mut json = JsonWriter::new(sendable.expected_size(), options.limits.reply);
    json.raw(&format!(r#"{{"statusCode":{0},"statusDescription":"{0} {1}""#, status.as_u16(), reason(status)));
    json.raw(match media {
        Media::Text(_) => r#","isBase64Encoded":false,"#,
        Media::Base64(_) => r#","isBase64Encoded":true,"#,
    });
    let cookies = headers(&mut json, &sendable, form, options)?;
    json.raw(r#","body":"#);
    media.write(&mut json);
    json.raw("}");
    let limit = options.limits.reply;
    let json = json.finish().map_err(|size| EncodeError::Reply { size, limit, front: FRONT })?;
    Ok(Reply { json, cookie_variants: cookies.variants, cookies_lost: cookies.lost })
}

/// Writes the map of headers.
fn headers(
    json: &mut JsonWriter,
    sendable: &Sendable<'_>,
    form: ReplyForm,
    options: &ReplyOptions,
) -> Result<SentCookies, EncodeError> {
    let mut cookies = SentCookies::default();
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
    for name in sendable.names() {
        match form.mode {
            HeaderMode::Multi => sendable.listed(&mut map, name),
            HeaderMode::Single if *name == SET_COOKIE => {
                cookies = one_text_each(&mut map, sendable, options.cookie_case_variants)?;
            }
            HeaderMode::Single => sendable.joined(&mut map, name),
        }
    }
    let size = map.close();
    let limit = options.limits.headers;
    if size > limit { Err(EncodeError::Headers { size, limit, front: FRONT }) } else { Ok(cookies) }
}
